//! Downloads into anything that tokio can write to.

use ::tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{DownloadError, DownloadStream};

impl DownloadStream {
    /// Writes the output to `writer`, flushes it, and gives back how many bytes were written.
    ///
    /// # Errors
    ///
    /// The download failed, or the bytes could not be written. What was written is then a part of
    /// the output, or none of it.
    ///
    /// ```no_run
    /// # async fn example(client: kirin_client::Client, task: kirin_types::Task) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut video = Vec::new();
    /// client.download_stream(&task).write_to(&mut video).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn write_to(
        mut self,
        mut writer: impl AsyncWrite + Unpin,
    ) -> Result<u64, DownloadError> {
        let disk = |source| DownloadError::disk("the bytes cannot be written", source);
        let mut written = 0;
        while let Some(data) = self.next().await {
            let data = data?;
            writer.write_all(&data).await.map_err(disk)?;
            written += data.len() as u64;
        }
        writer.flush().await.map_err(disk)?;
        Ok(written)
    }
}
