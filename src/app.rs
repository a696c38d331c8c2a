//! Wiring: open, build, serve, stop in order.

mod listen;
mod reload;

use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::App;
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{self, Cli, Command, socket};
use crate::config::{Config, TlsConfig};
use crate::http::body::BodyBudget;
use crate::http::connections::{Connections, IDLE_MAX};
use crate::http::edge::Edge;
use crate::http::listen::WORKER_CONNECTIONS_MAX;
use crate::http::serve::{Times, serve as serve_http};
use crate::http::{self, limits, openapi};
use crate::log;
use crate::open::{self, Failure};
use crate::service::Services;
use crate::store::StoreError;
use crate::supervisor::{self, MoreTime};
use crate::task::Tasks;
use listen::Sockets;
use reload::Reload;

/// Time that running requests have to finish when the server stops.
const STOP_WITHIN_S: u64 = 10;
/// How long a start waits for a command that has the data open.
const COMMAND_WITHIN: Duration = Duration::from_mins(1);
/// Open files that the server may need: all connections, those about to be refused, its own.
const OPEN_FILES: u64 = 4_096;
/// How often idle connections are looked for.
const IDLE_SWEEP: Duration = Duration::from_secs(5);
/// Pause before a simulated camera connects again.
const DEMO_AGAIN_AFTER: Duration = Duration::from_secs(5);
/// Threads of one HTTP worker that may block on a read at once.
const BLOCKING_THREADS: usize = 16;

/// Runs the command line. Returns the process's status.
///
/// # Errors
/// What went wrong, for people; a [`Failure`] inside says with which status.
pub fn run(cli: Cli) -> anyhow::Result<u8> {
    let mut out = std::io::stdout().lock();
    match cli.command {
        Command::Openapi => {
            out.write_all(openapi::text().as_bytes())?;
            return Ok(0);
        }
        Command::Completions { shell } => {
            cli::completions(shell, &mut out);
            return Ok(0);
        }
        Command::Man { all } => {
            cli::man(all.as_deref(), &mut out)?;
            return Ok(0);
        }
        Command::SimulateCamera(camera) => {
            drop(out);
            return cli::simulate_camera(camera, cli.json).map(|()| 0);
        }
        _ => drop(out),
    }
    // Whatever is made in the data directory is for its owner alone.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let is_demo = matches!(cli.command, Command::Demo);
    let mut settings = cli.settings;
    if is_demo && settings.http.listen.is_empty() {
        settings.http.listen.push(SocketAddr::from(([127, 0, 0, 1], 8080)));
    }
    if is_demo {
        // What it shows is to be seen on a nearly full disk too.
        settings.retention.room_percent.get_or_insert(0);
    }
    let reload = Reload { given: settings.clone(), file: cli.config.clone() };
    let config = Config::load(settings, cli.config.as_deref())
        .map_err(|error| Failure { status: 2, text: error.to_string() })?;
    let is_server = matches!(cli.command, Command::Serve { .. } | Command::Demo);
    log::start(config.log_format, if is_server { &config.log_level } else { "warn" });
    match cli.command {
        Command::Serve { check_config: true } => {
            open::check(&config)?;
            writeln!(std::io::stdout(), "the settings are good")?;
            Ok(0)
        }
        Command::Serve { check_config: false } => serve(&config, Some(&reload)).map(|()| 0),
        Command::Demo => {
            let scratch = tempfile::tempdir().context("making a scratch directory")?;
            let data_dir = scratch.path().to_owned();
            let tls = TlsConfig::Off;
            let config = Config { data_dir, tls, ingest_listen: Vec::new(), ..config };
            serve(&config, None).map(|()| 0)
        }
        Command::Data(command) => {
            cli::run(&command, &config, cli.json).map(|all_well| u8::from(!all_well))
        }
        Command::Openapi
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::SimulateCamera(_) => Ok(0),
    }
}

/// Serves until told to stop. A demonstration has nothing to reload.
fn serve(config: &Config, reload: Option<&Reload>) -> anyhow::Result<()> {
    if !config.data_dir.is_dir() {
        let text = format!("data directory {} does not exist", config.data_dir.display());
        return Err(Failure { status: 1, text }.into());
    }
    allow_files();
    let sockets = listen::open(config)?;
    let opening = MoreTime::ask("opening the data");
    let services = open_services(config)?;
    drop(opening);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let outcome = local.block_on(&runtime, serve_until_told(config, &services, sockets, reload));
    let _closing = MoreTime::ask("closing the data");
    services.close();
    if outcome.is_ok() {
        services.audit.end_run();
    }
    tracing::info!("stopped");
    outcome
}

/// Opens the data, which a command may have for a while, and a server for good.
fn open_services(config: &Config) -> Result<Services, Failure> {
    let deadline = Instant::now() + COMMAND_WITHIN;
    let a_server_answers = || UnixStream::connect(socket::path(&config.data_dir)).is_ok();
    loop {
        match open::services(config) {
            Err(StoreError::InUse) if Instant::now() < deadline && !a_server_answers() => {
                std::thread::sleep(Duration::from_millis(100));
            }
            opened => return opened.map_err(Failure::from),
        }
    }
}

/// Raises this process's soft limit of open files, commonly 1,024, to what its connections need.
fn allow_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= OPEN_FILES) {
        return;
    }
    limit.current = Some(limit.maximum.map_or(OPEN_FILES, |most| most.min(OPEN_FILES)));
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

async fn serve_until_told(
    config: &Config,
    services: &Services,
    sockets: Sockets,
    reload: Option<&Reload>,
) -> anyhow::Result<()> {
    let is_demo = reload.is_none();
    let tls = open::tls_mode(config).map(|mode| services.tls.begin(mode)).transpose();
    let (addresses, doors) = sockets.doors(tls.map_err(Failure::from)?.as_ref())?;
    if let Err(error) = services.audit.begin_run(env!("CARGO_PKG_VERSION")).await {
        tracing::error!(%error, "the audit trail does not tell of this start"); // a full disk, say
    }
    if !is_demo && let Some(code) = services.setup.begin()? {
        let file = config.data_dir.join("setup-code");
        tracing::info!(file = %file.display(), "there is no admin yet; the set-up code is {code}");
    }
    let edge = Edge::new(config.trusted_proxies.clone(), config.hsts_days);
    let connections = Connections::behind(edge.clone());
    let budget = BodyBudget::default();
    let app_services = services.clone();
    let app = move || {
        App::new()
            .app_data(Data::new(app_services.clone()))
            .app_data(Data::new(budget.clone()))
            .app_data(Data::new(edge.clone()))
            .configure(http::configure)
            .wrap(from_fn(limits::guard))
    };
    let workers = actix_server::Server::build()
        .disable_signals()
        .max_concurrent_connections(WORKER_CONNECTIONS_MAX)
        .worker_max_blocking_threads(BLOCKING_THREADS)
        .shutdown_timeout(STOP_WITHIN_S);
    let server = serve_http(workers, doors, &connections, Times::default(), app)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let handle = server.handle();
    let mut running = tokio::task::spawn_local(server);

    let origin = open::origin(config, &addresses.main);
    let counted = connections.clone();
    let serving = socket::Serving {
        listening: addresses.urls(),
        connections: Arc::new(move || counted.count()),
    };
    let _socket = socket::listen(services, &config.data_dir, origin, serving)
        .with_context(|| format!("control socket in {}", config.data_dir.display()))?;
    let mut tasks = Tasks::start(services);
    tasks.every("idle-connections", IDLE_SWEEP, move || {
        connections.sweep(IDLE_MAX);
        std::future::ready(Ok::<(), std::convert::Infallible>(()))
    });
    feed_watchdog(&mut tasks, services);
    if is_demo {
        for camera in introduce_demo(services, addresses.main[0]).await? {
            // It ends with its connection, also when the server stops; else it connects again.
            tasks.every("demo-camera", DEMO_AGAIN_AFTER, move || {
                let camera = camera.clone();
                async move { camera.run().await.map(drop) }
            });
        }
    }
    addresses.announce()?;
    supervisor::ready();

    let outcome = loop {
        tokio::select! {
            _ = terminate.recv() => break Ok(()),
            _ = interrupt.recv() => break Ok(()),
            _ = hangup.recv() => if let Some(reload) = reload {
                reload.run(config, services).await;
            },
            ended = &mut running => {
                break ended.context("the HTTP server")?.context("the HTTP server");
            }
            name = tasks.died() => break Err(anyhow::anyhow!("the task {name} died")),
        }
    };
    tracing::info!("stopping");
    supervisor::stopping();
    services.stopping();
    tokio::select! {
        () = handle.stop(true) => {}
        // A second signal ends at once; what was acknowledged is on disk.
        _ = terminate.recv() => std::process::exit(0),
        _ = interrupt.recv() => std::process::exit(0),
    }
    tasks.stop().await;
    if let Err(error) = services.sessions.keep().await {
        tracing::warn!(%error, "when sessions were last used is not kept");
    }
    outcome
}

/// Feeds the service manager's watchdog, where there is one, as long as the thread that stores events
/// comes round (operations.md 9.6).
fn feed_watchdog(tasks: &mut Tasks, services: &Services) {
    let Some(every) = supervisor::watchdog_every() else { return };
    let services = services.clone();
    tasks.every("watchdog", every, move || {
        let answers = services.writer_answers();
        if answers {
            supervisor::feed_watchdog();
        }
        std::future::ready(if answers {
            Ok(())
        } else {
            Err("the journal's thread does not answer")
        })
    });
}

/// Fills the demonstration site and tells a newcomer what to try.
async fn introduce_demo(
    services: &Services,
    address: SocketAddr,
) -> anyhow::Result<Vec<cli::Camera>> {
    let reached = match address.ip() {
        any if any.is_unspecified() => SocketAddr::from(([127, 0, 0, 1], address.port())),
        _ => address,
    };
    let cli::Demo { cameras, key, password } =
        cli::fill(services, &format!("http://{reached}")).await?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "A scratch site with four cameras and a day of events; it goes when you stop it."
    )?;
    writeln!(out, "  page          http://{address}/")?;
    writeln!(out, "  log-in        admin / {password}")?;
    writeln!(out, "  API           http://{address}/docs/")?;
    writeln!(out, "  license key   {key}")?;
    writeln!(out, "Try:")?;
    writeln!(
        out,
        "  curl -H 'Authorization: LKey {key}' \\\n    'http://{address}/api/v2/storage/events/?order_by=-time&limit=3&include_meta=true'"
    )?;
    writeln!(out, "Ask a camera to raise an event, and it comes back as one:")?;
    writeln!(
        out,
        "  curl -X POST -H 'Authorization: LKey {key}' \\\n    'http://{address}/api/v2/cameras/4/event_processing/events/digital_input/trigger/'"
    )?;
    out.flush()?;
    Ok(cameras)
}
