// SPDX-License-Identifier: MIT
// Limiters of Rust, 5 at once and one more each 400 ms: server NAME PORT.
use std::env;

fn main() {
    let args: Vec<String> = env::args().collect();
    let port: u16 = args[2].parse().unwrap();
    serve(port, args[1] == "tower-headers").unwrap();
}

#[tokio::main(flavor = "current_thread")]
async fn serve(port: u16, headers: bool) -> std::io::Result<()> {
    use axum::{routing::get, Router};
    use tower_governor::governor::GovernorConfigBuilder;
    use tower_governor::key_extractor::GlobalKeyExtractor;
    use tower_governor::GovernorLayer;

    let mut builder =
        GovernorConfigBuilder::default().key_extractor(GlobalKeyExtractor);
    builder.per_millisecond(400).burst_size(5);
    let mut app = Router::new().route("/x", get(|| async { "ok" }));
    if headers {
        let config = builder.use_headers().finish().unwrap();
        app = app.layer(GovernorLayer::new(config));
    } else {
        app = app.layer(GovernorLayer::new(builder.finish().unwrap()));
    }
    let listener =
        tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, app).await
}
