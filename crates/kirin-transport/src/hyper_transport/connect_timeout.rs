//! A bound on the whole way to a usable connection: name, TCP and TLS.

use std::{
    error::Error,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use tower_service::Service;

use super::own_connection::{Own, Reuse};

/// A connector that fails when the inner one takes longer than `limit`. hyper's own connect
/// timeout ends with TCP, and a TLS handshake that stalls would look like a lost answer.
#[derive(Clone)]
pub(super) struct ConnectTimeout<C> {
    pub(super) inner: C,
    pub(super) limit: Duration,
    pub(super) reuse: Reuse,
}

impl<C> Service<Uri> for ConnectTimeout<C>
where
    C: Service<Uri>,
    C::Error: Into<Box<dyn Error + Send + Sync>>,
    C::Future: Send + 'static,
    C::Response: 'static,
{
    type Response = Own<C::Response>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.inner.call(uri);
        let (limit, reuse) = (self.limit, self.reuse);
        Box::pin(async move {
            #[expect(
                clippy::disallowed_methods,
                reason = "a connection is opened by this driver"
            )]
            match ::tokio::time::timeout(limit, connecting).await {
                Ok(connected) => {
                    let stream = connected.map_err(Into::into)?;
                    Ok(Own { stream, reuse })
                }
                Err(_) => Err(format!("no connection within {} s", limit.as_secs_f32()).into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{future::pending, sync::Arc};

    use ::tokio::sync::Notify;

    use super::*;

    /// Connects when it is told to.
    struct Told(Arc<Notify>);

    impl Service<Uri> for Told {
        type Response = &'static str;
        type Error = &'static str;
        type Future = Pin<Box<dyn Future<Output = Result<&'static str, &'static str>> + Send>>;

        fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, uri: Uri) -> Self::Future {
            let told = self.0.clone();
            Box::pin(async move {
                told.notified().await;
                match uri.path() {
                    "/refused" => Err("refused"),
                    "/never" => pending().await,
                    _ => Ok("connected"),
                }
            })
        }
    }

    /// What comes of a connection that is told after so many milliseconds, within 3 seconds.
    async fn check(path: &'static str, told_after: u64, expected: Result<&str, &str>) {
        let told = Arc::new(Notify::new());
        let mut connector = ConnectTimeout {
            inner: Told(told.clone()),
            limit: Duration::from_secs(3),
            reuse: Reuse::Always,
        };
        let connecting = tokio::spawn(connector.call(Uri::from_static(path)));
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_millis(told_after)).await;
        tokio::task::yield_now().await;
        let in_time = told_after < 3000;
        assert_eq!(connecting.is_finished(), !in_time, "{path} at {told_after}");
        told.notify_one();
        let outcome = connecting.await.unwrap().map(|own| own.stream);
        let outcome = outcome.map_err(|error| error.to_string());
        assert_eq!(outcome, expected.map_err(String::from));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_there_in_time_or_an_error() {
        check("/", 0, Ok("connected")).await;
        check("/", 2999, Ok("connected")).await;
        check("/refused", 2999, Err("refused")).await;
        check("/", 3001, Err("no connection within 3 s")).await;
        check("/never", 0, Err("no connection within 3 s")).await;
    }
}
