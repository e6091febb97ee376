//! Which task is meant.

use alloc::string::String;
use core::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor},
    ser::SerializeMap,
};

use crate::{ExternalTaskId, Task, TaskId};

/// Which task is meant: by the service's id, or by the caller's. The service takes both in the same place
/// of a query (documented), and yet they are not the same: an answer names a task by the service's id
/// only, so who asks by the other one has to know it.
///
/// ```
/// use kirin_types::{ExternalTaskId, TaskId, TaskRef};
///
/// let id: TaskId = "d5u5obte8783ap44qtj0".parse()?;
/// let external: ExternalTaskId = "order-42".parse()?;
/// assert_eq!(TaskRef::from(&id), TaskRef::Id(id));
/// assert_eq!(TaskRef::from(external).to_string(), "order-42");
/// # Ok::<(), kirin_types::InvalidIdentifier>(())
/// ```
///
/// A text does not tell which of the two it is, so none is taken for one:
///
/// ```compile_fail,E0277
/// let task: kirin_types::TaskRef = "order-42".parse().unwrap();
/// ```
///
/// Its serde form names the kind:
///
/// ```
/// # use kirin_types::{ExternalTaskId, TaskRef};
/// let task = TaskRef::from("order-42".parse::<ExternalTaskId>()?);
/// assert_eq!(serde_json::to_string(&task)?, r#"{"external_task_id":"order-42"}"#);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a task has an id of the service's and one of the caller's"
)]
pub enum TaskRef {
    /// By the caller's own id.
    External(ExternalTaskId),
    /// By the id that the service gave it.
    Id(TaskId),
}

impl TaskRef {
    /// The id, as the path of a query has it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::External(id) => id.as_str(),
            Self::Id(id) => id.as_str(),
        }
    }

    /// Whether an answer is about this task. By the caller's id it is if it does not name another one:
    /// most answers name none. One whose own id it is counts too, so a person may type either.
    ///
    /// ```
    /// use kirin_types::{ExternalTaskId, Task, TaskId, TaskRef};
    ///
    /// let task = Task::from_json(br#"{"id":"a","metadata":{"external_task_id":"order-42"}}"#)?;
    /// let external = |id: &str| TaskRef::from(id.parse::<ExternalTaskId>().unwrap());
    /// assert!(external("order-42").is_answered_by(&task));
    /// assert!(external("a").is_answered_by(&task));
    /// assert!(!external("order-43").is_answered_by(&task));
    /// assert!(!TaskRef::from("order-42".parse::<TaskId>()?).is_answered_by(&task));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn is_answered_by(&self, task: &Task) -> bool {
        task.id().as_str() == self.as_str()
            || matches!(self, Self::External(id) if !task.names_another_than(id))
    }
}

impl AsRef<str> for TaskRef {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for TaskRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Serialize for TaskRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::External(id) => map.serialize_entry(EXTERNAL, id)?,
            Self::Id(id) => map.serialize_entry(ID, id)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for TaskRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OneId)
    }
}

const EXTERNAL: &str = "external_task_id";
const ID: &str = "id";
const EXPECTED: &str = "an object with either id or external_task_id";

struct OneId;

impl<'de> Visitor<'de> for OneId {
    type Value = TaskRef;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(EXPECTED)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TaskRef, A::Error> {
        let name = map.next_key::<String>()?;
        let task = match name.as_deref() {
            Some(EXTERNAL) => TaskRef::External(map.next_value()?),
            Some(ID) => TaskRef::Id(map.next_value()?),
            _ => return Err(de::Error::custom(EXPECTED)),
        };
        match map.next_key::<de::IgnoredAny>()? {
            None => Ok(task),
            Some(_) => Err(de::Error::custom(EXPECTED)),
        }
    }
}

impl From<ExternalTaskId> for TaskRef {
    fn from(id: ExternalTaskId) -> Self {
        Self::External(id)
    }
}

impl From<&ExternalTaskId> for TaskRef {
    fn from(id: &ExternalTaskId) -> Self {
        Self::External(id.clone())
    }
}

impl From<TaskId> for TaskRef {
    fn from(id: TaskId) -> Self {
        Self::Id(id)
    }
}

impl From<&TaskId> for TaskRef {
    fn from(id: &TaskId) -> Self {
        Self::Id(id.clone())
    }
}

impl From<&Task> for TaskRef {
    fn from(task: &Task) -> Self {
        task.id().into()
    }
}

impl From<&Self> for TaskRef {
    fn from(task: &Self) -> Self {
        task.clone()
    }
}
