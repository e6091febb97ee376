//! The call that creates a task.

use http::header;
use kirin_types::GenerationRequest;

use super::{Call, Refusal, Reply, World, parameters, task::Task, task_answer::Occasion};
use crate::Duplicates;

impl World {
    pub(super) fn create(&mut self, call: &Call<'_>, body: &[u8]) -> Result<Reply, Refusal> {
        let parameters =
            parameters::read(body, self.config.body_forms).map_err(Refusal::InvalidRequest)?;
        if let Some(existing) = self.duplicate(&parameters.request)? {
            return Ok(self.task_reply(existing, call.elapsed(), Occasion::Create));
        }
        let number = self.statistics.tasks_created;
        self.statistics.tasks_created += 1;
        let id = self.ids.task(number);
        self.note_habits(call, &id, parameters.is_flat);
        let task = Task::new(id, number, call.elapsed(), &parameters.request);
        let task = self.tasks.insert(task);
        Ok(self.task_reply(self.tasks.get(task), call.elapsed(), Occasion::Create))
    }

    /// The task to answer again, if duplicates are replayed.
    fn duplicate(&self, request: &GenerationRequest) -> Result<Option<&Task>, Refusal> {
        let id = request.external_task_id();
        let existing = id.and_then(|id| Some((id, self.tasks.find_external(id)?)));
        match (existing, self.config.duplicates) {
            (None, _) | (Some(_), Duplicates::Accept) => Ok(None),
            (Some((_, task)), Duplicates::Replay) => Ok(Some(task)),
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
