//! Parses the text of the file: into its settings, or into a list of all its problems.

use std::{borrow::Cow, time::Duration};

use kirin_client::{BaseUrl, Control, DuplicateIds, Lookup};
use kirin_types::{ExternalTaskId, TaskId};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Configuration, Host};
use crate::typed_value::{parse_amount, parse_duration, parse_model};

/// The file as it is read.
struct Reader<'a> {
    text: &'a str,
    /// With the line that each is in.
    problems: Vec<(usize, String)>,
}

type Value<'a> = Spanned<DeValue<'a>>;

/// Reads the text of a file; an error is every problem, with its line.
pub(super) fn parse_configuration(text: &str) -> Result<Configuration, Vec<String>> {
    let mut reader = Reader {
        text,
        problems: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in errors {
            let start = error.span().map_or(0, |span| span.start);
            reader.add_problem(start, error.message());
        }
        return Err(reader.sorted_problems());
    }
    let mut configuration = Configuration::default();
    reader.read_settings(table.get_ref(), &mut configuration);
    match reader.problems.is_empty() {
        true => Ok(configuration),
        false => Err(reader.sorted_problems()),
    }
}

impl Reader<'_> {
    fn read_settings(&mut self, table: &DeTable<'_>, to: &mut Configuration) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "base_url" => to.base_url = self.parse_value(key, value, BaseUrl::with_plain_http),
                "budget_per_day" => to.budget_per_day = self.parse_value(key, value, parse_amount),
                "color" => to.color = self.parse_value(key, value, str::parse),
                "hosts" => self.read_hosts(key, value, to),
                "max_cost" => to.max_cost = self.parse_value(key, value, parse_amount),
                "model" => to.model = self.parse_value(key, value, parse_model),
                "output" => to.output = self.parse_value(key, value, str::parse),
                "plain_http_to" => to.plain_http_to = self.parse_value(key, value, str::parse),
                "timeout" => to.timeout = self.parse_value(key, value, parse_duration),
                "api_key" | "key" => {
                    let problem = "must not contain the API key, which has its own file: kirin \
                                   auth set-key";
                    self.add_problem(key.span().start, &format!("{}: {problem}", key.get_ref()));
                }
                name => self.add_unknown_key(
                    key,
                    name,
                    "base_url, budget_per_day, color, hosts, max_cost, model, output, plain_http_to and \
                     timeout",
                ),
            }
        }
    }

    fn read_hosts(
        &mut self,
        key: &Spanned<Cow<'_, str>>,
        value: &Value<'_>,
        to: &mut Configuration,
    ) {
        let Some(hosts) = self.expect_table(key, value) else {
            return;
        };
        for (key, value) in hosts {
            let base_url = BaseUrl::with_plain_http(key.get_ref());
            let base_url = match base_url {
                Ok(base_url) => base_url,
                Err(invalid) => {
                    self.add_problem(key.span().start, &invalid.to_string());
                    continue;
                }
            };
            if let Some(host) = self.expect_table(key, value) {
                let host = self.read_host(host);
                to.hosts.insert(base_url.to_string(), host);
            }
        }
    }

    fn read_host(&mut self, table: &DeTable<'_>) -> Host {
        let mut host = Host::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "controls" => host.controls = self.read_controls(key, value),
                "duplicate_ids" => {
                    host.capabilities.duplicate_ids = self
                        .parse_value(key, value, |text| match text {
                            "refused" => Ok(DuplicateIds::Refused),
                            "unknown" => Ok(DuplicateIds::Unknown),
                            _ => Err("use \"refused\" or \"unknown\""),
                        })
                        .unwrap_or_default();
                }
                "lookup" => {
                    host.capabilities.lookup = self
                        .parse_value(key, value, |text| match text {
                            "missing" => Ok(Lookup::Missing),
                            "proven" => Ok(Lookup::Proven),
                            "unproven" => Ok(Lookup::Unproven),
                            _ => Err("use \"proven\", \"missing\" or \"unproven\""),
                        })
                        .unwrap_or_default();
                }
                "lookup_lag" => {
                    let lag: Option<Duration> = self.parse_value(key, value, parse_duration);
                    host.capabilities.lookup_lag = lag;
                }
                name => {
                    let known = "controls, duplicate_ids, lookup and lookup_lag";
                    self.add_unknown_key(key, name, known);
                }
            }
        }
        host
    }

    /// Task ids by external task ids.
    fn read_controls(&mut self, key: &Spanned<Cow<'_, str>>, value: &Value<'_>) -> Vec<Control> {
        let mut controls = Vec::new();
        for (key, value) in self.expect_table(key, value).into_iter().flatten() {
            let task_id: Option<TaskId> = self.parse_value(key, value, str::parse);
            let external_task_id: Result<ExternalTaskId, _> = key.get_ref().parse();
            match (external_task_id, task_id) {
                (Ok(external_task_id), Some(task_id)) => {
                    controls.push(Control::new(external_task_id, task_id));
                }
                (Err(invalid), _) => self.add_problem(key.span().start, &invalid.to_string()),
                (Ok(_), None) => {}
            }
        }
        controls
    }

    /// A value that is written as text. A number is read as it is written.
    fn parse_value<T, E: ToString>(
        &mut self,
        key: &Spanned<Cow<'_, str>>,
        value: &Value<'_>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let parsed = match value.get_ref() {
            DeValue::String(text) => parse(text).map_err(|error| error.to_string()),
            DeValue::Integer(number) => parse(number.as_str()).map_err(|error| error.to_string()),
            DeValue::Float(number) => parse(number.as_str()).map_err(|error| error.to_string()),
            _ => Err("text is required".to_owned()),
        };
        parsed
            .map_err(|error| {
                let problem = format!("{}: {error}", key.get_ref());
                self.add_problem(value.span().start, &problem);
            })
            .ok()
    }

    fn expect_table<'a, 'b>(
        &mut self,
        key: &Spanned<Cow<'_, str>>,
        value: &'a Value<'b>,
    ) -> Option<&'a DeTable<'b>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => {
                let problem = format!("{}: a table is required", key.get_ref());
                self.add_problem(value.span().start, &problem);
                None
            }
        }
    }

    fn add_unknown_key(&mut self, key: &Spanned<Cow<'_, str>>, name: &str, known: &str) {
        let problem = format!("{name} is unknown; known are {known}");
        self.add_problem(key.span().start, &problem);
    }

    fn add_problem(&mut self, at: usize, what: &str) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        self.problems.push((line, format!("line {line}: {what}")));
    }

    /// In the order of the lines.
    fn sorted_problems(mut self) -> Vec<String> {
        self.problems.sort_by_key(|(line, _)| *line);
        self.problems
            .into_iter()
            .map(|(_, problem)| problem)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use kirin_client::HostCapabilities;

    use super::*;

    #[test]
    fn everything_that_can_be_said_is_understood() {
        let text = r#"
            base_url = "http://127.0.0.1:4010"
            budget_per_day = 10
            color = "never"
            max_cost = 2.50
            model = "kling_v1_6_t2v"
            output = "videos"
            plain_http_to = "emulator:4010"
            timeout = "20m"

            [hosts."https://CLOUD.vtrix.ai/"]
            duplicate_ids = "refused"
            lookup = "proven"
            lookup_lag = "30s"
            controls = { order-1 = "d5u5obte8783ap44qtj0" }
        "#;
        let read = parse_configuration(text).unwrap();
        let base_url: BaseUrl = "http://127.0.0.1:4010".parse().unwrap();
        assert_eq!(read.base_url, Some(base_url));
        assert_eq!(read.budget_per_day.unwrap().to_string(), "10");
        assert_eq!(read.color, Some(clap::ColorChoice::Never));
        assert_eq!(read.max_cost.unwrap().to_string(), "2.50");
        assert_eq!(read.model.unwrap(), "kirin_v1_6_t2v");
        assert_eq!(read.output.unwrap(), std::path::Path::new("videos"));
        assert_eq!(read.plain_http_to.unwrap(), "emulator:4010");
        assert_eq!(read.timeout, Some(Duration::from_secs(1200)));
        let capabilities = HostCapabilities::default()
            .with_duplicate_ids(DuplicateIds::Refused)
            .with_lookup(Lookup::Proven)
            .with_lookup_lag(Duration::from_secs(30));
        let id = "order-1".parse().unwrap();
        let host = Host {
            capabilities,
            controls: vec![Control::new(id, "d5u5obte8783ap44qtj0".parse().unwrap())],
        };
        let hosts: Vec<_> = read.hosts.into_iter().collect();
        assert_eq!(hosts, [(BaseUrl::default().to_string(), host)]);
    }

    #[test]
    fn every_problem_is_reported_with_its_line() {
        let text = r#"api_key = "secret"
base_url = "ftp://example.com"
colour = "never"
max_cost = -1
timeout = true
hosts = 7
"#;
        let problems = parse_configuration(text).unwrap_err();
        for (line, said) in [
            (1, "kirin auth set-key"),
            (2, "base_url: "),
            (3, "colour is unknown; known are base_url"),
            (4, "max_cost: an amount must not be negative"),
            (5, "timeout: text is required"),
            (6, "hosts: a table is required"),
        ] {
            let start = format!("line {line}: ");
            let found = problems
                .iter()
                .find(|problem| problem.starts_with(&start))
                .unwrap_or_else(|| panic!("{line}: {problems:#?}"));
            assert!(found.contains(said), "{found}");
            assert!(!found.contains("secret"), "{found}");
        }
        assert_eq!(problems.len(), 6, "{problems:#?}");
        let text = "[hosts.\"https://example.com\"]\nlookup = \"works\"\nlag = \"1s\"\n";
        assert_eq!(
            parse_configuration(text).unwrap_err(),
            [
                "line 2: lookup: use \"proven\", \"missing\" or \"unproven\"",
                "line 3: lag is unknown; known are controls, duplicate_ids, lookup and lookup_lag",
            ]
        );
        let text = "[hosts.\"https://example.com\".controls]\n\"no id\" = \"a\"\norder-1 = true\n";
        let problems = parse_configuration(text).unwrap_err();
        assert!(problems[0].starts_with("line 2: "), "{problems:?}");
        assert_eq!(problems[1], "line 3: order-1: text is required");
        let broken = parse_configuration("model = \nmax_cost = = 2\n").unwrap_err();
        assert!(
            broken.len() >= 2 && broken[0].starts_with("line 1: "),
            "{broken:?}"
        );
    }
}
