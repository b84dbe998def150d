//! Which parts of a source file the library has when it is compiled for the tests of others, with all features.

use std::env::consts::ARCH;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// Returns `true` unless a condition in front of the node leaves it out.
pub(crate) fn is_compiled(node: &impl ToTokens) -> bool {
    let mut conditions = attributes(node).into_iter().filter(|attribute| attribute.path().is_ident("cfg"));
    conditions.all(|attribute| attribute.parse_args().is_ok_and(|condition| holds(&condition)))
}

/// Returns the attributes at the start of the node.
fn attributes(node: &impl ToTokens) -> Vec<Attribute> {
    let start = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<TokenStream>()?;
        Ok(attributes)
    };
    start.parse2(node.to_token_stream()).unwrap_or_default()
}

fn holds(condition: &Meta) -> bool {
    match condition {
        Meta::Path(name) => !["test", "doc", "secondo_taint"].iter().any(|other| name.is_ident(other)),
        Meta::NameValue(pair) if pair.path.is_ident("target_arch") => {
            pair.value.to_token_stream().to_string() == format!("{ARCH:?}")
        }
        // Features, all of which are on, and the width of pointers.
        Meta::NameValue(_) => true,
        Meta::List(list) => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
            let mut parts = parts.iter().map(holds);
            if list.path.is_ident("any") {
                parts.any(|part| part)
            } else {
                parts.all(|part| part) != list.path.is_ident("not")
            }
        }
    }
}
