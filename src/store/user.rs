//! Users and their sessions on disk: hashes of passwords and cookies, never these themselves.

use redb::ReadableTable;

use super::error::{Result, StoreError};
use super::read::{ReadTx, left_out};
use super::row::{self, SessionRow, UserRow};
use super::tables::{SESSIONS, STATE, USERS, state};
use super::write::WriteTx;
use crate::domain::user::PasswordHash;
use crate::domain::{Role, Session, Timestamp, User, UserId};

impl ReadTx {
    /// All users, by id. A damaged one is reported and left out.
    pub fn users(&self) -> Result<Vec<User>> {
        let table = self.tx.open_table(USERS)?;
        let mut all = Vec::new();
        for entry in table.iter()? {
            let (key, value) = entry?;
            match user(key.value(), value.value()) {
                Ok(user) => all.push(user),
                Err(error) => left_out(&error),
            }
        }
        Ok(all)
    }

    /// All sessions, by number. A damaged one is logged and left out: it has ended.
    pub fn sessions(&self) -> Result<Vec<Session>> {
        let table = self.tx.open_table(SESSIONS)?;
        let mut all = Vec::new();
        for entry in table.iter()? {
            let (key, value) = entry?;
            if let Some(session) = session(key.value(), value.value()) {
                all.push(session);
            } else {
                tracing::error!(session.id = key.value(), "a session's row is damaged");
            }
        }
        Ok(all)
    }
}

impl WriteTx<'_> {
    /// The next user id.
    pub fn new_user_id(&self) -> Result<UserId> {
        self.next_u32(state::LAST_USER).map(UserId)
    }

    /// Writes a user's row, new or changed.
    pub fn put_user(&self, user: &User) -> Result<()> {
        let password = &user.password;
        let row = UserRow::V1 {
            name: user.name.clone(),
            role: user.role.word().to_owned(),
            cost: (password.memory_kib, password.passes, password.lanes),
            salt: password.salt,
            hash: password.hash,
            created: user.created.0,
            last_login: user.last_login.map(|at| at.0),
        };
        let bytes = row::encode(u64::from(user.id.0), &row);
        self.tx.open_table(USERS)?.insert(user.id.0, bytes.as_slice())?;
        Ok(())
    }

    /// Removes a user.
    pub fn remove_user(&self, id: UserId) -> Result<()> {
        self.tx.open_table(USERS)?.remove(id.0)?;
        Ok(())
    }

    /// The next session number.
    pub fn new_session_id(&self) -> Result<u64> {
        let mut table = self.tx.open_table(STATE)?;
        let next = table.get(state::LAST_SESSION)?.map_or(0, |v| v.value()) + 1;
        table.insert(state::LAST_SESSION, next)?;
        Ok(next)
    }

    /// Writes a session's row, new or changed.
    pub fn put_session(&self, session: &Session) -> Result<()> {
        let row = SessionRow::V1 {
            hash: session.hash,
            user: session.user.0,
            created: session.created.0,
            last_seen: session.last_seen.0,
            address: session.address.clone(),
        };
        let bytes = row::encode(session.id, &row);
        self.tx.open_table(SESSIONS)?.insert(session.id, bytes.as_slice())?;
        Ok(())
    }

    /// Removes a session: its cookie holds no longer.
    pub fn remove_session(&self, id: u64) -> Result<()> {
        self.tx.open_table(SESSIONS)?.remove(id)?;
        Ok(())
    }
}

fn user(id: u32, bytes: &[u8]) -> Result<User> {
    let damaged = || StoreError::Damaged(format!("user {id}"));
    let UserRow::V1 { name, role, cost, salt, hash, created, last_login } =
        row::decode(u64::from(id), bytes).map_err(|row::Damage| damaged())?;
    let (memory_kib, passes, lanes) = cost;
    Ok(User {
        id: UserId(id),
        name,
        role: Role::from_word(&role).ok_or_else(damaged)?,
        password: PasswordHash { memory_kib, passes, lanes, salt, hash },
        created: Timestamp(created),
        last_login: last_login.map(Timestamp),
    })
}

fn session(id: u64, bytes: &[u8]) -> Option<Session> {
    let SessionRow::V1 { hash, user, created, last_seen, address } = row::decode(id, bytes).ok()?;
    let (user, created, last_seen) = (UserId(user), Timestamp(created), Timestamp(last_seen));
    Some(Session { id, hash, user, created, last_seen, address })
}
