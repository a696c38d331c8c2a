//! The command line: what can be asked of `watchpost`, with the server running or not.

mod client;
mod conversation;
mod demo;
mod execute;
mod print;
mod progress;
mod recovery;
mod reply;
mod request;
mod scene;
mod screen;
mod simulate;
pub mod socket;
mod status;
mod transfer;
mod upload;

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::config::Settings;

pub use client::run;
pub use demo::{Demo, fill};
pub use simulate::{Camera, SimulateCamera, simulate_camera};

/// Event server for on-prem video recorders.
#[derive(Debug, Parser)]
#[command(name = "watchpost", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// Configuration file [default: /etc/watchpost/watchpost.toml if it exists]
    #[arg(long, global = true, value_name = "FILE", env = "WATCHPOST_CONFIG")]
    pub config: Option<PathBuf>,
    /// Settings that the configuration file has too.
    #[command(flatten)]
    pub settings: Settings,
    /// Print exactly one JSON document on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// The command line of this process; ends it where that cannot be used.
    pub fn read() -> Self {
        let matches = Self::command().get_matches();
        let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        cli.settings.note_variables(&matches);
        cli
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server in the foreground
    Serve {
        /// Only test the settings
        #[arg(long)]
        check_config: bool,
    },
    /// Serve a scratch database with four simulated cameras and a day of events
    Demo,
    /// Everything that asks something of a data directory.
    #[command(flatten)]
    Data(DataCommand),
    /// Stand in for a camera: connect to a server, announce event types, send events, answer triggers
    SimulateCamera(SimulateCamera),
    /// Print the OpenAPI document
    Openapi,
    /// Print a completion script
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man {
        /// Write the pages of all commands into this directory instead
        #[arg(long, value_name = "DIR")]
        all: Option<PathBuf>,
    },
}

/// Commands on a data directory; they work while the server runs and while it does not.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Add, list and remove cameras
    #[command(subcommand)]
    Camera(CameraCommand),
    /// Create, list, rotate and revoke tokens of cameras
    #[command(subcommand)]
    Token(TokenCommand),
    /// Create, list and revoke license keys, which see all cameras
    #[command(subcommand)]
    Key(KeyCommand),
    /// Create, list and remove group tokens, which see a set of cameras
    #[command(subcommand)]
    Group(GroupCommand),
    /// Add, list and remove people who log in, and set their passwords
    #[command(subcommand)]
    User(UserCommand),
    /// Print the server's own certificate authority, for `tls.mode = "own-ca"`
    Ca,
    /// Show on one screen how the server does: rates, room, newest backup, problems
    ///
    /// Ends with status 0 if there is no problem, and with 1 if there is one; a server that does not run is
    /// one. What its data tell is shown then all the same.
    Status,
    /// Read everything and prove that events, indexes, counters and the audit trail agree
    Check,
    /// Write everything to a file, of one moment; the server may be running
    Backup {
        /// The file; one that is there is replaced if it is a backup
        file: PathBuf,
        /// Leave pictures and metadata files out
        #[arg(long)]
        without_pictures: bool,
        /// Seal the secret key, and the certificate authority if there is one, into it, under the first line of
        /// this file (age format); without it both stay out, and a restore on another machine needs new tokens
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Put a backup in place of the data there is, which is kept beside it; no server may be running
    Restore {
        /// The backup
        file: PathBuf,
        /// Take the secret key and the certificate authority out of it too, with the passphrase that is the first
        /// line of this file
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Write events to standard output, in the order they were stored
    Export {
        /// Only of these cameras
        #[arg(long, value_name = "ID", value_delimiter = ',')]
        camera: Vec<u32>,
        /// Only of these event types
        #[arg(long, value_name = "NAME", value_delimiter = ',')]
        events: Vec<String>,
        /// Only at or after this time (UTC)
        #[arg(long, value_name = "TIME")]
        start: Option<String>,
        /// Only at or before this time (UTC)
        #[arg(long, value_name = "TIME")]
        end: Option<String>,
        /// Only with an id above this one
        #[arg(long, value_name = "ID")]
        after_id: Option<u64>,
        /// How rows look
        #[arg(long, default_value = "ndjson")]
        format: Format,
    },
    /// Store events from a file of JSON lines, as `export` writes them
    Import {
        /// The file, `-` for standard input
        file: PathBuf,
    },
}

/// How exported rows look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180 with a head line.
    Csv,
}

/// `watchpost camera …`
#[derive(Debug, Subcommand)]
pub enum CameraCommand {
    /// Add a camera and print its tokens
    Add {
        /// Its name
        #[arg(long)]
        name: String,
        /// IANA name of its time zone
        #[arg(long, default_value = "UTC")]
        timezone: String,
        /// The id it is to have
        #[arg(long)]
        id: Option<u32>,
    },
    /// List cameras
    List,
    /// Say where a camera's device is and how the server logs in at it
    Device(CameraDevice),
    /// Remove a camera: its tokens end at once, its events stay
    Remove {
        /// Its id
        id: u32,
        /// Delete its events too
        #[arg(long)]
        purge: bool,
    },
}

/// `watchpost camera device`: what is left out stays as it is
#[derive(Args, Debug)]
pub struct CameraDevice {
    /// The camera's id
    pub id: u32,
    /// Its host name or IP address
    #[arg(long, value_name = "HOST")]
    pub address: Option<String>,
    /// Its port for HTTP; 0 = 80
    #[arg(long)]
    pub port: Option<u16>,
    /// Who the server logs in as
    #[arg(long, value_name = "NAME")]
    pub username: Option<String>,
    /// Path of a picture of now at the device, or its URL there; "" takes it away
    #[arg(long, value_name = "PATH")]
    pub snapshot_path: Option<String>,
    /// Read the password, one line, from standard input; an empty line takes it away
    #[arg(long, conflicts_with = "password_file")]
    pub password_stdin: bool,
    /// Read the password, one line, from a file
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// `watchpost token …`
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create a token and print it
    Create {
        /// The camera; a metrics token has none
        #[arg(long, value_name = "ID", required_if_eq_any = [
            ("access", "all"), ("access", "watch"), ("access", "ingest"),
        ])]
        camera: Option<u32>,
        /// What it allows
        #[arg(long)]
        access: TokenAccess,
        /// When it ends: a number and s, m, h or d
        #[arg(long, value_name = "30d", value_parser = print::duration)]
        expires: Option<u64>,
    },
    /// List tokens, without their secrets
    List,
    /// Give a token a new secret and print it
    Rotate {
        /// Its id
        token_id: u32,
        /// How long the former secret holds too: a number and s, m, h or d, at most 7d
        #[arg(long, value_name = "1h", value_parser = print::duration)]
        overlap: Option<u64>,
    },
    /// Revoke a token
    Revoke {
        /// Its id
        token_id: u32,
    },
}

/// What a token allows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TokenAccess {
    /// Everything on its camera
    All,
    /// Reading
    Watch,
    /// Delivering events
    Ingest,
    /// Reading /metrics
    Metrics,
}

/// `watchpost key …`
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Create a license key and print it
    Create {
        /// Its name
        #[arg(long)]
        name: String,
    },
    /// List license keys, without their secrets
    List,
    /// Revoke a license key
    Revoke {
        /// Its id
        id: u32,
    },
}

/// `watchpost group …`
#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Create a group token and print it
    Create {
        /// Its name
        #[arg(long)]
        name: String,
        /// Its cameras
        #[arg(long, value_name = "ID", value_delimiter = ',', num_args = 1..)]
        camera: Vec<u32>,
        /// What it allows
        #[arg(long, default_value = "all")]
        access: GroupAccess,
    },
    /// List groups, without their secrets
    List,
    /// Remove a group: its token ends
    Remove {
        /// Its id
        id: u32,
    },
}

/// `watchpost user …`
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user
    Add {
        /// The name
        name: String,
        /// What the user may do
        #[arg(long)]
        role: UserRole,
        /// Read the password, one line, from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Set a user's password: the user's sessions end
    Passwd {
        /// The name
        name: String,
        /// Read the password, one line, from standard input
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// List users
    List,
    /// Remove a user: the user's sessions end
    Remove {
        /// The name
        name: String,
    },
}

/// What a user may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum UserRole {
    /// Everything
    Admin,
    /// Read, tag and trigger
    Operator,
    /// Read
    Viewer,
}

/// What a group token allows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum GroupAccess {
    /// Everything on its cameras
    All,
    /// Reading
    Watch,
}

/// The completion script of a shell.
pub fn completions(shell: clap_complete::Shell, out: &mut dyn std::io::Write) {
    clap_complete::generate(shell, &mut Cli::command(), "watchpost", out);
}

/// The manual page; with `all`, a file for it and each command in that directory instead.
///
/// # Errors
/// Writing to `out` or to the directory.
pub fn man(all: Option<&Path>, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    match all {
        Some(dir) => clap_mangen::generate_to(Cli::command(), dir),
        None => clap_mangen::Man::new(Cli::command()).render(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
