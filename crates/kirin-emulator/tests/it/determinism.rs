//! The same seed and the same requests give the same bytes.

mod prop {
    use std::fmt::Write;

    use http::Method;
    use kirin_emulator::{
        EmulatorConfig, Lifecycle, Lookup, VideoSize, Which, World, video, world::Reply,
    };
    use kirin_tests::proptest::{self, prelude::*};
    use kirin_types::{GenerationRequest, proptest::any_request};
    use serde_json::json;

    use crate::support::{CREATE, Session, request};

    /// One call of a session; tasks and ids are from few, so that calls meet.
    #[derive(Clone, Debug)]
    enum Step {
        Advance(u64),
        Create(GenerationRequest, Option<u8>),
        Download(usize),
        Query(usize),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0_u64..100_000).prop_map(Step::Advance),
            (any_request(), proptest::option::of(0_u8..3))
                .prop_map(|(request, id)| Step::Create(request, id)),
            (0_usize..4).prop_map(Step::Download),
            (0_usize..4).prop_map(Step::Query),
        ]
    }

    fn any_config() -> impl Strategy<Value = EmulatorConfig> {
        let lifecycle = prop_oneof![
            Just(Lifecycle::drawn()),
            Just(Lifecycle::drawn().fail_at(50, "002011095")),
            (0_u32..4).prop_map(Lifecycle::after_queries),
        ];
        (any::<u64>(), lifecycle, any::<bool>()).prop_map(|(seed, lifecycle, is_limited)| {
            let config = EmulatorConfig::new().seed(seed).lifecycle(lifecycle);
            // So that every session has a video.
            let config = config.lifecycle_of(Which::Nth(1), Lifecycle::at_once());
            let config = config.video_size(VideoSize::Small).lookup(Lookup::Works);
            match is_limited {
                true => config
                    .rate_limit(3)
                    .parallel_limit(2)
                    .balance("2".parse().unwrap()),
                false => config,
            }
        })
    }

    /// Everything that a session shows: each answer with its headers, what each download is, the
    /// request log, the ledger and the notes.
    fn transcript(config: EmulatorConfig, steps: &[Step]) -> (String, Vec<video::VideoSpec>) {
        let mut session = Session::new(config);
        let (mut log, mut specs) = (String::new(), Vec::new());
        let (mut ids, mut files) = (Vec::<String>::new(), Vec::<String>::new());
        for step in steps {
            let call = match step {
                Step::Advance(milliseconds) => {
                    session.advance(*milliseconds);
                    continue;
                }
                Step::Create(create, id) => {
                    let mut body = serde_json::to_value(create).unwrap();
                    if let Some(id) = id {
                        body["external_task_id"] = json!(format!("order-{id}"));
                    }
                    request(Method::POST, CREATE, body.to_string())
                }
                Step::Download(index) => match files.get(*index) {
                    Some(path) => request(Method::GET, path, ""),
                    None => continue,
                },
                Step::Query(index) => match ids.get(*index) {
                    Some(id) => request(Method::GET, &format!("{CREATE}/task/{id}"), ""),
                    None => continue,
                },
            };
            match session.send(&call) {
                Reply::Artifact(artifact) => {
                    writeln!(log, "{:?} {}", session.elapsed, artifact.name()).unwrap();
                    specs.push(artifact.spec().clone());
                }
                Reply::Response(response) => {
                    writeln!(log, "{:?} {response:?}", session.elapsed).unwrap();
                    if let Ok(task) = kirin_types::Task::from_json(response.body()) {
                        ids.push(task.id().as_str().to_owned());
                        files.extend(path_of(response.body()));
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        summarize(&mut session.world, session.elapsed, &mut log);
        (log, specs)
    }

    fn summarize(world: &mut World, elapsed: std::time::Duration, log: &mut String) {
        let ledger = serde_json::to_string(&world.ledger(elapsed)).unwrap();
        let requests = serde_json::to_string(&world.requests().collect::<Vec<_>>()).unwrap();
        let notes: Vec<_> = world.notes().collect();
        writeln!(
            log,
            "{requests}\n{ledger}\n{notes:?}\n{:?}",
            world.statistics()
        )
        .unwrap();
    }

    fn path_of(body: &[u8]) -> Option<String> {
        let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
        let url = answer["output"][0]["content"][0]["url"].as_str()?;
        Some(url.strip_prefix("http://127.0.0.1:4010")?.to_owned())
    }

    /// The bytes of a video as it is described, but for its length and size: a second of it shows
    /// everything that the description decides, in a tenth of the time.
    fn rendered(spec: Option<&video::VideoSpec>) -> Vec<u8> {
        let short = video::VideoSpec {
            seconds: 1,
            width: 240,
            height: 240,
            ..spec.expect("every session downloads one").clone()
        };
        video::render(&short).unwrap()
    }

    #[test]
    fn same_seed_and_same_requests_give_the_same_bytes() {
        let sessions = (any_config(), proptest::collection::vec(any_step(), 1..20));
        kirin_tests::property!(sessions, |(config, mut steps)| {
            let fox = GenerationRequest::builder("a fox").build().unwrap();
            steps.insert(0, Step::Create(fox, None));
            steps.push(Step::Download(0));
            let first = transcript(config.clone(), &steps);
            let second = transcript(config, &steps);
            prop_assert_eq!(&first.0, &second.0);
            prop_assert_eq!(&first.1, &second.1);
            let video = rendered(first.1.last());
            prop_assert!(!video.is_empty());
            prop_assert!(
                video == rendered(second.1.last()),
                "the bytes of a video differ"
            );
            Ok(())
        });
    }
}
