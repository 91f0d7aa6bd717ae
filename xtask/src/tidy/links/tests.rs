//! A dead link is found; a living one, an address and code are not.

use super::*;

fn lines(text: &str) -> Vec<usize> {
    let files = [("docs/manual/a.md", text), ("docs/b.md", ""), ("docs/manual/img/c.png", "")];
    check(&Tree::planted(&files)).into_iter().map(|finding| finding.line).collect()
}

#[test]
fn a_dead_link_is_found_where_it_stands() {
    assert_eq!(lines("one\n\nSee [b](b.md).\n"), [3]);
    assert_eq!(lines("![picture](img/d.png)"), [1]);
    assert_eq!(lines("[label]: gone.md\n"), [1]);
    assert_eq!(lines("[out](../../../x.md)"), [1]);
}

#[test]
fn a_living_link_is_fine() {
    for text in ["[b](../b.md)", "[b](../b.md#part)", "![c](img/c.png \"title\")", "[folder](img)"]
    {
        assert_eq!(lines(text), [], "{text}");
    }
}

#[test]
fn addresses_anchors_pages_of_the_server_and_code_are_left_alone() {
    let fenced = "```\n[x](gone.md)\n```\n";
    for text in
        ["[x](https://example.com/a)", "[x](#part)", "[x](/manual)", "`[x](gone.md)`", fenced]
    {
        assert_eq!(lines(text), [], "{text}");
    }
}
