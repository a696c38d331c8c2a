//! Watchpost: an event server for on-prem video recorders.
//!
//! The library exists so that tests can mount the server; the product is the binary.

pub mod domain;
pub mod service;
pub mod store;
