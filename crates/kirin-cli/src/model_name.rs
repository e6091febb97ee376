//! The names of models, as people type them.

use kirin_types::{MODELS, Model};

/// The id of a model on the wire. The vendor shows `kling_v2_5_turbo_t2v` for what is sent as
/// `kirin_v2_5_turbo_t2v`.
pub(crate) fn model_id(typed: &str) -> String {
    match typed.strip_prefix("kling_") {
        Some(rest) => format!("kirin_{rest}"),
        None => typed.into(),
    }
}

/// The model of this name, or the names that may have been meant, the nearest first.
pub(crate) fn find_model(typed: &str) -> Result<&'static Model, Vec<&'static str>> {
    /// Of 1 for the same name.
    const NEAR: f64 = 0.75;
    /// More are a list, which there is already.
    const MOST: usize = 3;
    let id = model_id(typed);
    if let Some(model) = Model::find(&id) {
        return Ok(model);
    }
    let distance = |model: &&&Model| strsim::normalized_damerau_levenshtein(model.id, &id);
    let mut near: Vec<_> = MODELS
        .iter()
        .filter(|model| distance(model) >= NEAR)
        .collect();
    near.sort_by(|one, other| distance(other).total_cmp(&distance(one)));
    Err(near.iter().take(MOST).map(|model| model.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_are_understood() {
        for model in MODELS {
            let display = model.id.replacen("kirin_", "kling_", 1);
            assert_eq!(find_model(&display).unwrap().id, model.id);
            assert_eq!(model_id(model.id), model.id);
        }
        assert_eq!(model_id("kling_v9_t2v"), "kirin_v9_t2v");
    }

    #[test]
    fn near_names_are_suggested() {
        for (typed, near) in [
            (
                "kirin_v2_5_turbo_t2",
                &["kirin_v2_5_turbo_t2v", "kirin_v2_5_turbo_i2v"][..],
            ),
            ("kling_v3_tv2", &["kirin_v3_t2v"]),
            ("sora", &[]),
            ("", &[]),
        ] {
            let found = find_model(typed).unwrap_err();
            assert!(
                found.starts_with(near) && found.len() <= 3,
                "{typed}: {found:?}"
            );
        }
    }
}
