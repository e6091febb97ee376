//! The call that creates a task.

use std::time::Duration;

use http::header;
use kirin_types::{ExternalTaskId, GenerationRequest};

use super::{
    Call, Refusal, Reply, World, course::Course, parameters, task::Task, task_answer::Occasion,
};
use crate::{Duplicates, EmulatorConfig};

impl World {
    pub(super) fn create(&mut self, call: &Call<'_>, body: &[u8]) -> Result<Reply, Refusal> {
        let parameters = parameters::read(body, self.config.body_forms, self.config.lenient)
            .map_err(Refusal::InvalidRequest)?;
        if let Some(existing) = self.duplicate(&parameters.request)? {
            return Ok(self.task_reply(existing, call.elapsed(), Occasion::Create));
        }
        self.check_parallel(call.elapsed())?;
        let number = self.statistics.tasks_created;
        let course = self.course(&parameters.request, number, call.elapsed());
        let mut task = Task::new(self.ids.task(number), number, course, &parameters.request);
        task.request_id = call.request_id().into();
        task.is_of_proxy = call.is_replay();
        self.check_balance(&task)?;
        self.statistics.tasks_created += 1;
        self.note_habits(call, &task.id, parameters.is_flat);
        for problem in parameters.passed_on {
            self.note(format!(
                "the create of {} was passed on although {problem}",
                task.id
            ));
        }
        let place = self.tasks.insert(task);
        self.book_create(place, call.elapsed());
        self.settle(call.elapsed());
        // What has ended at once has been called back about.
        if self.tasks.get(place).course.end().is_none() {
            self.call_back(place, call.elapsed());
        }
        Ok(self.task_reply(self.tasks.get(place), call.elapsed(), Occasion::Create))
    }

    /// How the task with this number will go.
    fn course(&self, request: &GenerationRequest, number: u64, elapsed: Duration) -> Course {
        let external_task_id = request.external_task_id().map(ExternalTaskId::as_str);
        let set = self.config.lifecycles.iter().rev();
        let lifecycle = set
            .filter(|(which, _)| which.fits(external_task_id, request.model_id(), number))
            .map(|(_, lifecycle)| lifecycle)
            .next()
            .unwrap_or(&self.config.lifecycle);
        let typical = request.model().map_or(EmulatorConfig::TASK_TIME, |model| {
            model.typical_time.duration
        });
        Course::new(lifecycle, elapsed, typical, self.ids.task_time(number))
    }

    /// The task to answer again, if duplicates are replayed.
    fn duplicate(&self, request: &GenerationRequest) -> Result<Option<&Task>, Refusal> {
        let id = request.external_task_id();
        let existing = id.and_then(|id| Some((id, self.tasks.find_external(id.as_str())?)));
        match (existing, self.config.duplicates) {
            (None, _) | (Some(_), Duplicates::Accept) => Ok(None),
            (Some((_, place)), Duplicates::Replay) => Ok(Some(self.tasks.get(place))),
            (Some((id, _)), Duplicates::Refuse) => {
                Err(Refusal::DuplicateExternalTaskId(id.clone()))
            }
        }
    }

    fn note_habits(&mut self, call: &Call<'_>, id: &str, is_flat: bool) {
        if is_flat {
            self.note(format!(
                "the create of {id} had its parameters beside model: the service's own samples \
                 have them inside input[0].params"
            ));
        }
        let content_type = call.headers().get(header::CONTENT_TYPE);
        let is_json = content_type.is_some_and(|value| {
            let json = b"application/json";
            value
                .as_bytes()
                .get(..json.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(json))
        });
        if !is_json {
            self.note(format!(
                "the create of {id} did not say Content-Type: application/json, as the vendor's \
                 clients do"
            ));
        }
    }
}
