//! The vocabularies of a request: each value is a word of the reference page.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Declares an enum whose variants are words on the wire.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// Every value, in the order of the reference page.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Every word, in the order of the reference page.
            pub const WORDS: &[&str] = &[$($word),+];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { allowed: Self::WORDS }),
                }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = alloc::borrow::Cow::<str>::deserialize(deserializer)?;
                word.parse().map_err(de::Error::custom)
            }
        }
    };
}

vocabulary! {
    /// Video duration (parameter `duration`): documented options 5 and 10 seconds, default 5. On
    /// the wire it is a JSON string.
    ///
    /// ```
    /// use kirin_types::VideoDuration;
    ///
    /// assert_eq!("10".parse(), Ok(VideoDuration::TenSeconds));
    /// assert_eq!(VideoDuration::default().seconds(), 5);
    /// ```
    VideoDuration {
        /// 5 seconds, the default.
        #[default]
        FiveSeconds = "5",
        /// 10 seconds.
        TenSeconds = "10",
    }
}

vocabulary! {
    /// Video aspect ratio (parameter `aspect_ratio`): documented options 16:9, 9:16 and 1:1,
    /// default 16:9.
    ///
    /// ```
    /// use kirin_types::AspectRatio;
    ///
    /// assert_eq!("9:16".parse(), Ok(AspectRatio::Portrait));
    /// assert_eq!(AspectRatio::default(), AspectRatio::Landscape);
    /// ```
    AspectRatio {
        /// 16:9, the default.
        #[default]
        Landscape = "16:9",
        /// 9:16.
        Portrait = "9:16",
        /// 1:1.
        Square = "1:1",
    }
}

vocabulary! {
    /// Video generation mode (parameter `mode`): documented options std and pro, default std.
    ///
    /// ```
    /// use kirin_types::Mode;
    ///
    /// assert_eq!("pro".parse(), Ok(Mode::Pro));
    /// assert_eq!(Mode::default(), Mode::Std);
    /// ```
    Mode {
        /// Standard mode: cost-effective; the default.
        #[default]
        Std = "std",
        /// Expert mode: better video quality.
        Pro = "pro",
    }
}

impl VideoDuration {
    /// Length in seconds.
    pub const fn seconds(self) -> u32 {
        match self {
            Self::FiveSeconds => 5,
            Self::TenSeconds => 10,
        }
    }
}

/// A word outside a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownWord {
    allowed: &'static [&'static str],
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "unknown word, allowed are {}",
            crate::problem::quoted(self.allowed)
        )
    }
}

impl core::error::Error for UnknownWord {}
