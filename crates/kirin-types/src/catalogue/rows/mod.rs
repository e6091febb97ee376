//! The rows of the catalogue: one model each.

use super::Model;

mod extension;
mod v1;
mod v1_6;
mod v2;
mod v2_5;
mod v2_6;
mod v3;

pub use v2_5::KIRIN_V2_5_TURBO_T2V;

/// Every model in the catalogue.
pub static MODELS: &[&Model] = &[
    &v1::TEXT_TO_VIDEO,
    &v1::IMAGE_TO_VIDEO,
    &v1_6::TEXT_TO_VIDEO,
    &v1_6::IMAGE_TO_VIDEO,
    &v2::MASTER_TEXT_TO_VIDEO,
    &v2::MASTER_IMAGE_TO_VIDEO,
    &v2::V2_1_MASTER_TEXT_TO_VIDEO,
    &v2::V2_1_MASTER_IMAGE_TO_VIDEO,
    &KIRIN_V2_5_TURBO_T2V,
    &v2_5::IMAGE_TO_VIDEO,
    &v2_6::TEXT_TO_VIDEO,
    &v2_6::IMAGE_TO_VIDEO,
    &v3::TEXT_TO_VIDEO,
    &extension::DURATION_EXTENSION,
];

impl Model {
    /// The model with this id, or `None` if the catalogue does not know it.
    ///
    /// ```
    /// use kirin_types::{Model, ModelKind};
    ///
    /// assert_eq!(Model::find("kirin_v1_i2v").unwrap().kind, ModelKind::ImageToVideo);
    /// assert!(Model::find("kirin_v9").is_none());
    /// ```
    pub fn find(id: &str) -> Option<&'static Self> {
        MODELS.iter().copied().find(|model| model.id == id)
    }
}
