//! Answers a device that wants a password: Digest where it is offered, Basic only where it is not.

use http_auth::digest::{Algorithm, DigestClient, Qop};
use http_auth::{ChallengeRef, PasswordParams, basic};

use super::{Failure, Login, Request};

/// How a device wants to be told user name and password.
#[derive(Debug)]
pub(super) enum Challenge {
    /// By a proof that does not show the password.
    Digest(Box<DigestClient>),
    /// In clear.
    Basic,
}

impl Challenge {
    /// What a device asks for, by its `WWW-Authenticate` headers. A device that offers Digest is never
    /// given the password in clear, not even where its Digest cannot be done.
    ///
    /// # Errors
    /// [`Failure::LoginUnsupported`].
    pub fn read<'h>(headers: impl Iterator<Item = &'h str>) -> Result<Self, Failure> {
        let (mut digests, mut has_digest, mut has_basic) = (Vec::new(), false, false);
        for header in headers {
            let Ok(challenges) = http_auth::parse_challenges(header) else {
                has_digest |= header.to_ascii_lowercase().contains("digest");
                continue;
            };
            for challenge in &challenges {
                if challenge.scheme.eq_ignore_ascii_case("digest") {
                    has_digest = true;
                    digests.extend(DigestClient::try_from(challenge).ok());
                }
                has_basic |= is_basic(challenge);
            }
        }
        let strongest = digests.into_iter().max_by_key(|digest| match digest.algorithm() {
            Algorithm::Md5 => 0,
            Algorithm::Sha512Trunc256 => 1,
            _ => 2, // SHA-256, which more devices do right
        });
        match strongest {
            Some(digest) => Ok(Self::Digest(Box::new(digest))),
            None if has_basic && !has_digest => Ok(Self::Basic),
            None => Err(Failure::LoginUnsupported),
        }
    }

    /// Whether the device only wants a newer number used once.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Digest(digest) if digest.stale())
    }

    /// The value of `Authorization` for a request.
    ///
    /// # Errors
    /// [`Failure::LoginUnsupported`].
    pub fn answer(&mut self, login: &Login, request: &Request) -> Result<String, Failure> {
        let (username, password) = (login.username.as_str(), login.password.0.as_str());
        match self {
            Self::Basic => Ok(basic::encode_credentials(username, password)),
            Self::Digest(digest) => {
                // `auth` where it is offered: devices that offer `auth-int` too often do it wrong.
                let body = (!(digest.qop() & Qop::Auth)).then_some(request.body.as_slice());
                let method = request.method.as_str();
                let params =
                    PasswordParams { username, password, uri: &request.target, method, body };
                digest.respond(&params).map_err(|_| Failure::LoginUnsupported)
            }
        }
    }
}

fn is_basic(challenge: &ChallengeRef<'_>) -> bool {
    challenge.scheme.eq_ignore_ascii_case("basic")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CameraPassword;

    fn read(headers: &[&str]) -> Result<Challenge, Failure> {
        Challenge::read(headers.iter().copied())
    }

    #[test]
    fn a_device_that_offers_digest_never_sees_the_password() {
        let digest = "Digest realm=\"cam\", nonce=\"n\", qop=\"auth\", algorithm=MD5";
        for headers in [
            &["Basic realm=\"cam\"", digest][..],
            &[digest, "Basic realm=\"cam\""],
            &["Basic realm=\"cam\", Digest realm=\"cam\", nonce=\"n\", qop=\"auth\""],
        ] {
            assert!(matches!(read(headers), Ok(Challenge::Digest(_))), "{headers:?}");
        }
        for headers in [
            &[
                "Basic realm=\"cam\"",
                "Digest realm=\"cam\", nonce=\"n\", qop=\"auth\", algorithm=SHA3",
            ][..],
            &["Basic realm=\"cam\"", "Digest realm=\"cam"],
            &["Basic realm=\"cam\"", "Digest nothing=\"of use\""],
            &["Negotiate"],
            &[],
        ] {
            assert_eq!(read(headers).unwrap_err(), Failure::LoginUnsupported, "{headers:?}");
        }
        assert!(matches!(read(&["Basic realm=\"cam\""]), Ok(Challenge::Basic)));
    }

    #[test]
    fn the_stronger_digest_is_taken() {
        let md5 = "Digest realm=\"cam\", nonce=\"n\", qop=\"auth\", algorithm=MD5";
        let sha = "Digest realm=\"cam\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
        for headers in [[md5, sha], [sha, md5]] {
            let Ok(Challenge::Digest(digest)) = read(&headers) else { panic!("it is offered") };
            assert_eq!(digest.algorithm(), Algorithm::Sha256);
        }
    }

    /// The numbers are those of RFC 7616, 3.9.1, but for the client's own nonce, which is random.
    #[test]
    fn an_answer_names_what_was_asked() {
        let header = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, \
                      nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                      opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let login =
            Login { username: "Mufasa".into(), password: CameraPassword("Circle of Life".into()) };
        let request = Request::get("/dir/index.html", 0);
        let answer = read(&[header]).unwrap().answer(&login, &request).unwrap();
        for part in ["username=\"Mufasa\"", "uri=\"/dir/index.html\"", "qop=auth,", "nc=00000001"] {
            assert!(answer.contains(part), "{part} in {answer}");
        }
        assert!(!answer.contains("Circle"), "{answer}");
    }
}
