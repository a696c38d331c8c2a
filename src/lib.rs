//! Watchpost: an event server for on-prem video recorders.
//!
//! The library exists so that tests can mount the server; the product is the binary.

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod log;
pub mod open;
pub mod service;
pub mod store;
pub mod supervisor;
pub mod task;
