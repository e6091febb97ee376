//! Generates a video and downloads it. Without a key, start `kirin emulator --port 4010` first:
//!
//! ```text
//! KIRIN_API_KEY=any-key KIRIN_BASE_URL=http://127.0.0.1:4010 cargo run -p kirin-client --example generate
//! ```

use kirin_client::Client;
use kirin_types::GenerationRequest;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::from_env()?;
    let request = GenerationRequest::builder("a paper boat on a rainy street").build()?;
    let task = client.generate(request).await?;
    client.download(&task, "boat.mp4").await?;
    Ok(())
}
