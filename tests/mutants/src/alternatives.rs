//! The changes: the other operators in the place of an operator, and the values that a function returns at once.

use syn::{BinOp, GenericArgument, PathArguments, PathSegment, ReturnType, Type};

/// Returns the operators that take the place of this one.
pub(crate) fn operators(operator: &BinOp) -> &'static [&'static str] {
    match operator {
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::Lt(_) => &["<=", ">"],
        BinOp::Le(_) => &["<", ">"],
        BinOp::Gt(_) => &[">=", "<"],
        BinOp::Ge(_) => &[">", "<"],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::Add(_) => &["-", "*"],
        BinOp::Sub(_) | BinOp::Mul(_) => &["+"],
        BinOp::Div(_) => &["*"],
        BinOp::Rem(_) => &["/"],
        BinOp::BitAnd(_) | BinOp::BitXor(_) => &["|"],
        BinOp::BitOr(_) => &["&"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::AddAssign(_) => &["-="],
        BinOp::SubAssign(_) => &["+="],
        BinOp::BitAndAssign(_) | BinOp::BitXorAssign(_) => &["|="],
        BinOp::BitOrAssign(_) => &["&="],
        _ => &[],
    }
}

/// Returns the values that a function with this output returns in place of its own.
pub(crate) fn results(output: &ReturnType) -> Vec<String> {
    match output {
        ReturnType::Default => vec!["()".to_owned()],
        ReturnType::Type(_, output) => values(output),
    }
}

fn values(of: &Type) -> Vec<String> {
    let fixed: &[&str] = match of {
        Type::Tuple(tuple) if tuple.elems.is_empty() => &["()"],
        Type::Reference(reference) => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => &["\"\"", "\"xyzzy\""],
            Type::Slice(_) if reference.mutability.is_none() => &["&[]"],
            _ => &[],
        },
        Type::Path(path) => return path.path.segments.last().map(values_of_named).unwrap_or_default(),
        _ => &[],
    };
    fixed.iter().map(|&value| value.to_owned()).collect()
}

fn values_of_named(name: &PathSegment) -> Vec<String> {
    let inside = |wrapper: &str| -> Vec<String> {
        let values = argument(name).map(values).unwrap_or_default();
        values.into_iter().map(|value| format!("{wrapper}({value})")).collect()
    };
    match name.ident.to_string().as_str() {
        "bool" => vec!["true".to_owned(), "false".to_owned()],
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => {
            vec!["0".to_owned(), "1".to_owned()]
        }
        "Option" => [vec!["None".to_owned()], inside("Some")].concat(),
        "Result" => inside("Ok"),
        // Types without this value do not compile, and such mutants are dropped.
        _ => vec!["Default::default()".to_owned()],
    }
}

/// Returns the first type in the angle brackets after a name.
fn argument(name: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &name.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(argument) => Some(argument),
        _ => None,
    })
}
