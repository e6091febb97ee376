//! Rendered videos: each is rendered once, when it is first asked for, beside everything else.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::{
    sync::{Semaphore, watch},
    task,
};

use crate::{
    artifact::RenderedVideo,
    video::{self, VideoSpec},
};

/// How many videos are kept, the latest ones; another download renders an older one again, to
/// the same bytes.
const KEPT: usize = 128;

/// How many bytes of them are kept. One that has more is kept until the next one comes.
const KEPT_BYTES: usize = 128 * 1024 * 1024;

/// `None` as long as it is being rendered.
type Rendering = watch::Receiver<Option<Result<RenderedVideo, String>>>;

/// The cache.
#[derive(Debug)]
pub(super) struct Videos {
    kept: Arc<Mutex<Kept>>,
    /// One for each core: more renderings at once would only take turns, and memory.
    cores: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Kept {
    by_name: HashMap<String, Rendering>,
    oldest_first: VecDeque<String>,
}

impl Videos {
    pub(super) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            kept: Arc::default(),
            cores: Arc::new(Semaphore::new(cores)),
        }
    }

    /// The video with this name, rendered now or before.
    ///
    /// # Errors
    ///
    /// It cannot be rendered, for the reason given.
    pub(super) async fn rendered(
        &self,
        name: &str,
        spec: &VideoSpec,
    ) -> Result<RenderedVideo, String> {
        let mut rendering = self.rendering(name, spec);
        let result = rendering.wait_for(Option::is_some).await;
        let video = match result.as_deref() {
            Ok(Some(Ok(video))) => return Ok(video.clone()),
            Ok(Some(Err(message))) => Err(message.clone()),
            // The renderer is gone without a word: it panicked.
            Ok(None) | Err(_) => Err("the renderer panicked; this is a bug in it".into()),
        };
        // The next request tries again.
        self.kept().by_name.remove(name);
        video
    }

    /// Forgets all of them; who waits for one still gets it.
    pub(super) fn forget(&self) {
        *self.kept() = Kept::default();
    }

    /// The rendering that runs or ran for this name; starts it if there is none. It continues when
    /// the caller goes away.
    fn rendering(&self, name: &str, spec: &VideoSpec) -> Rendering {
        let mut kept = self.kept();
        if let Some(rendering) = kept.by_name.get(name) {
            return rendering.clone();
        }
        let (done, rendering) = watch::channel(None);
        let (cores, spec) = (Arc::clone(&self.cores), spec.clone());
        let all = Arc::clone(&self.kept);
        task::spawn(async move {
            let core = cores.acquire_owned().await;
            let rendered = task::spawn_blocking(move || render(&spec)).await;
            drop(core);
            if let Ok(rendered) = rendered {
                done.send_replace(Some(rendered));
                locked(&all).shrink();
            }
        });
        kept.insert(name, rendering.clone());
        rendering
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        locked(&self.kept)
    }
}

fn locked(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    // Nothing below panics between two steps that belong together.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    fn insert(&mut self, name: &str, rendering: Rendering) {
        self.by_name.insert(name.into(), rendering);
        self.oldest_first.push_back(name.into());
        self.shrink();
    }

    /// Forgets the oldest ones until the rest is within both bounds.
    fn shrink(&mut self) {
        let mut bytes: usize = self.by_name.values().map(bytes).sum();
        while self.oldest_first.len() > KEPT || (bytes > KEPT_BYTES && self.oldest_first.len() > 1)
        {
            let Some(oldest) = self.oldest_first.pop_front() else {
                return;
            };
            bytes -= self.by_name.remove(&oldest).as_ref().map_or(0, self::bytes);
        }
    }
}

/// How many bytes a rendering holds.
fn bytes(rendering: &Rendering) -> usize {
    match &*rendering.borrow() {
        Some(Ok(video)) => video.bytes().len(),
        _ => 0,
    }
}

fn render(spec: &VideoSpec) -> Result<RenderedVideo, String> {
    let bytes = video::render(spec).map_err(|error| format!("the video: {error}"))?;
    Ok(RenderedVideo::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(width: u32) -> VideoSpec {
        VideoSpec {
            width,
            height: 240,
            seconds: 1,
            frames_per_second: 24,
            prompt: "a fox".into(),
            seed: 0,
            watermark: false,
        }
    }

    #[tokio::test]
    async fn a_video_is_rendered_once() {
        let videos = Videos::new();
        let spec = spec(240);
        let render = || videos.rendered("a", &spec);
        let (first, second) = tokio::join!(render(), render());
        let third = render().await;
        let place = |video: Result<RenderedVideo, String>| video.unwrap().bytes().as_ptr();
        let places = [first, second, third].map(place);
        assert_eq!(places, [places[0]; 3], "the same bytes in the same memory");
    }

    #[tokio::test]
    async fn a_rendering_goes_on_when_its_caller_goes_away() {
        let videos = Videos::new();
        let spec = spec(240);
        let given_up = videos.rendering("a", &spec);
        drop(given_up);
        assert!(videos.rendered("a", &spec).await.is_ok());
        assert_eq!(videos.kept().oldest_first.len(), 1);
    }

    #[tokio::test]
    async fn a_failure_is_said_and_tried_anew() {
        let videos = Videos::new();
        let failed = videos.rendered("a", &spec(1)).await;
        assert_eq!(
            failed.unwrap_err(),
            "the video: unsupported video size 1x240"
        );
        assert!(videos.rendered("a", &spec(240)).await.is_ok());
    }

    #[tokio::test]
    async fn only_the_latest_videos_are_kept() {
        let mut kept = Kept::default();
        for number in 0..1000 {
            kept.insert(&number.to_string(), watch::channel(None).1);
        }
        assert_eq!((kept.by_name.len(), kept.oldest_first.len()), (KEPT, KEPT));
        assert!(kept.by_name.contains_key("999"));
    }

    #[tokio::test]
    async fn only_so_many_bytes_are_kept() {
        let rendered =
            |bytes: usize| watch::channel(Some(Ok(RenderedVideo::new(vec![0; bytes])))).1;
        let mut kept = Kept::default();
        for number in 0..10 {
            kept.insert(&number.to_string(), rendered(KEPT_BYTES / 4));
        }
        assert_eq!(kept.oldest_first, ["6", "7", "8", "9"]);
        kept.insert("large", rendered(KEPT_BYTES + 1));
        assert_eq!(kept.oldest_first, ["large"]);
        kept.insert("next", rendered(1));
        assert_eq!(kept.oldest_first, ["next"]);
        assert_eq!(kept.by_name.len(), 1);
    }
}
