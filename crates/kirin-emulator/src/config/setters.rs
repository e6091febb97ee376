//! The settings that have a type of their own, and those of money, of limits and of answers.

use std::time::Duration;

use http::StatusCode;
use kirin_types::{Amount, KIRIN_V2_5_TURBO_T2V};

use super::EmulatorConfig;
use crate::{
    AnswerForm, Callbacks, Charging, CreatedAt, ErrorForm, Lifecycle, LimitHeaders, OutputForm,
    StatusWords, TaskErrorForm, Which, lifecycle::Ending,
};

impl EmulatorConfig {
    /// Sets how callbacks are sent.
    pub fn callbacks(mut self, callbacks: Callbacks) -> Self {
        self.callbacks = callbacks;
        self
    }

    /// Sets how much play money there is, in USD. If never called, there is no end of it. A create
    /// that costs more than is left is refused with HTTP 402 and `error_code` 40201.
    ///
    /// ```
    /// use kirin_emulator::{Charging, EmulatorConfig};
    ///
    /// let config = EmulatorConfig::new().balance("2.50".parse()?).charging(Charging::AtCompletion);
    /// # let _ = config;
    /// # Ok::<(), kirin_types::InvalidAmount>(())
    /// ```
    pub fn balance(mut self, balance: Amount) -> Self {
        self.balance = Some(balance);
        self
    }

    /// Sets when a task is charged.
    pub fn charging(mut self, charging: Charging) -> Self {
        self.charging = charging;
        self
    }

    /// Sets how every task goes for which nothing else is set.
    pub fn lifecycle(mut self, lifecycle: Lifecycle) -> Self {
        self.lifecycle = lifecycle;
        self
    }

    /// Sets how some tasks go. Of several settings that fit a task, the last one holds.
    pub fn lifecycle_of(mut self, which: Which, lifecycle: Lifecycle) -> Self {
        self.lifecycles.push((which, lifecycle));
        self
    }

    /// How long a task takes on the wall where nothing is set for it: what to wait for before
    /// asking. Where no time ends it, that is [`TASK_TIME`](Self::TASK_TIME).
    pub(crate) fn typical_time(&self) -> Duration {
        let time = match self.lifecycle.ending {
            Ending::After(time) => time,
            Ending::AfterQueries(_) | Ending::ByHand => Self::TASK_TIME,
            Ending::Drawn => KIRIN_V2_5_TURBO_T2V.typical_time.duration,
        };
        self.pace.real(time)
    }

    /// Sets how long every task takes from create to its end; zero ends it at once. It keeps what
    /// [`fail_with`](Self::fail_with) set.
    pub fn task_time(mut self, task_time: Duration) -> Self {
        self.lifecycle.ending = Ending::After(task_time);
        self
    }

    /// Makes every task fail at its end with this `error.code`, such as `002011095`. It keeps what
    /// [`task_time`](Self::task_time) set.
    pub fn fail_with(mut self, code: impl Into<String>) -> Self {
        self.lifecycle = self.lifecycle.fail_with(code);
        self
    }

    /// Sets how many calls of the API are answered in each second; if never called, all of them. The
    /// seconds are counted from the start, and downloads do not count. What is more is refused with
    /// HTTP 429 and the code `RATE_LIMIT_EXCEEDED`; 0 refuses everything.
    ///
    /// ```
    /// use kirin_emulator::{EmulatorConfig, LimitHeaders};
    ///
    /// let config = EmulatorConfig::new()
    ///     .rate_limit(10)
    ///     .parallel_limit(3)
    ///     .limit_headers(LimitHeaders::Nothing);
    /// # let _ = config;
    /// ```
    pub fn rate_limit(mut self, calls_per_second: u32) -> Self {
        self.rate_limit = Some(calls_per_second);
        self
    }

    /// Sets how many tasks may be in progress at once; if never called, any number. A task counts
    /// from its create to its end, and a create beyond the limit is refused with HTTP 429 and
    /// Kling's code 1303; 0 refuses every create.
    pub fn parallel_limit(mut self, tasks: usize) -> Self {
        self.parallel_limit = Some(tasks);
        self
    }

    /// Sets what is said of the limits in headers.
    pub fn limit_headers(mut self, headers: LimitHeaders) -> Self {
        self.limit_headers = headers;
        self
    }

    /// Sets what stands around a task in an answer.
    ///
    /// ```
    /// use kirin_emulator::{
    ///     AnswerForm, CreatedAt, EmulatorConfig, ErrorForm, OutputForm, StatusWords, TaskErrorForm,
    /// };
    ///
    /// let config = EmulatorConfig::new()
    ///     .answer_form(AnswerForm::Enveloped)
    ///     .created_at(CreatedAt::Seconds)
    ///     .created_status(http::StatusCode::ACCEPTED)
    ///     .error_form(ErrorForm::Object)
    ///     .output_form(OutputForm::WithoutContent)
    ///     .status_words(StatusWords::Kling)
    ///     .task_error_form(TaskErrorForm::Text);
    /// # let _ = config;
    /// ```
    pub fn answer_form(mut self, form: AnswerForm) -> Self {
        self.switches.answer_form = form;
        self
    }

    /// Sets how a task says when it was created.
    pub fn created_at(mut self, created_at: CreatedAt) -> Self {
        self.switches.created_at = created_at;
        self
    }

    /// Sets the HTTP status of the answer to a create, 200 if never called: the vendor's clients take
    /// any below 400 for a success.
    pub fn created_status(mut self, status: StatusCode) -> Self {
        self.switches.created_status = status;
        self
    }

    /// Sets how a refusal is written.
    pub fn error_form(mut self, form: ErrorForm) -> Self {
        self.switches.error_form = form;
        self
    }

    /// Sets where the parts of an output stand.
    pub fn output_form(mut self, form: OutputForm) -> Self {
        self.switches.output_form = form;
        self
    }

    /// Sets the words for how far a task is.
    pub fn status_words(mut self, words: StatusWords) -> Self {
        self.switches.status_words = words;
        self
    }

    /// Sets how a failed task says why.
    pub fn task_error_form(mut self, form: TaskErrorForm) -> Self {
        self.switches.task_error_form = form;
        self
    }
}
