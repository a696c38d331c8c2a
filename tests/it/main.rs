//! Tests of the whole product, most of them through the real binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and says where")]

mod admin_cameras;
mod admin_running;
mod agent;
mod cli;
mod common;
mod compat;
mod crash;
mod device;
mod docs;
mod filemeta;
mod filters;
mod idempotency;
mod ingest;
mod limits;
mod lists;
mod metrics;
mod million;
mod openapi;
mod overload;
mod people;
mod pictures;
mod raw;
mod recipes;
mod requests;
mod retention;
mod seed;
mod serve;
mod site;
mod snapshots;
mod stream;
mod supervisor;
mod tidy;
mod tokens;
mod transfer;
mod ui;
