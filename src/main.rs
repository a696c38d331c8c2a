//! Parses the command line and runs it.

use std::process::ExitCode;

use watchpost::app;
use watchpost::cli::Cli;
use watchpost::open::Failure;

fn main() -> ExitCode {
    match app::run(Cli::read()) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            if let Some(io) = error.root_cause().downcast_ref::<std::io::Error>()
                && io.kind() == std::io::ErrorKind::BrokenPipe
            {
                return ExitCode::SUCCESS; // whoever read the output has enough
            }
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("watchpost: {error:#}\n").as_bytes(),
            );
            ExitCode::from(error.downcast_ref::<Failure>().map_or(1, |failure| failure.status))
        }
    }
}
