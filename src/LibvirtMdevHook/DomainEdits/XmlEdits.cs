using System.Text;
using System.Xml.Linq;
using LibvirtMdevHook.Domains;

namespace LibvirtMdevHook.DomainEdits;

/// <summary>
/// Changes to the text of a document that leave the rest of it as it is: white space, order,
/// comments, quotes, references, and the metadata of other applications.
/// </summary>
internal sealed class XmlEdits(SourceText source)
{
    private readonly List<Edit> _edits = [];

    /// <summary>Replaces the value of an attribute.</summary>
    /// <param name="value">A text without characters that have a meaning in XML.</param>
    public void Replace(XAttribute attribute, string value) => Replace(attribute, 0, attribute.Value.Length, value);

    /// <summary>Replaces a part of an attribute's value.</summary>
    public void Replace(XAttribute attribute, int index, int length, string value)
    {
        var place = AttributeSpan.Of(source, attribute);
        _edits.Add(new Edit(place.PlaceOf(index), place.PlaceOf(index + length), value));
    }

    /// <summary>Adds another attribute behind an existing one.</summary>
    public void AddBehind(XAttribute attribute, string name, string value)
    {
        var end = AttributeSpan.Of(source, attribute).End;
        var quote = source.Text[end];
        Insert(end + 1, $" {name}={quote}{value}{quote}");
    }

    /// <summary>Removes an attribute and the white space before it.</summary>
    public void Remove(XAttribute attribute)
    {
        var start = source.Offset(attribute);
        while (char.IsWhiteSpace(source.Text[start - 1]))
            start--;
        _edits.Add(new Edit(start, AttributeSpan.Of(source, attribute).End + 1, ""));
    }

    /// <summary>
    /// Adds text behind the start tag of an element. An element without an end tag gets one.
    /// </summary>
    public void AddFirst(XElement element, string text) => Add(element, text, source.TagEnd(source.Offset(element)) + 1);

    /// <summary>
    /// Adds text before the end tag of an element. An element without an end tag gets one.
    /// </summary>
    public void AddLast(XElement element, string text) => Add(element, text, source.Text.LastIndexOf('<', End(element)));

    /// <summary>Adds text behind an element.</summary>
    public void AddBehind(XElement element, string text) => Insert(End(element) + 1, text);

    /// <summary>Removes an element and its content. The white space around it stays.</summary>
    public void Remove(XElement element)
    {
        var start = source.Offset(element) - 1;
        _edits.Add(new Edit(start, End(element) + 1, ""));
    }

    private void Add(XElement element, string text, int place)
    {
        var end = source.TagEnd(source.Offset(element));
        var isEmpty = source.Text[end - 1] == '/';
        if (isEmpty)
            _edits.Add(new Edit(end - 1, end + 1, $">{text}</{NameOf(element)}>"));
        else
            Insert(place, text);
    }

    private void Insert(int place, string text) => _edits.Add(new Edit(place, place, text));

    /// <returns>The name of an element with its prefix.</returns>
    private string NameOf(XElement element) =>
        string.Concat(source.Text.Skip(source.Offset(element)).TakeWhile(c => !char.IsWhiteSpace(c) && c is not ('/' or '>')));

    private int End(XElement element) => source.ElementEnd(source.Offset(element) - 1);

    /// <returns>The text with all changes.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        var done = 0;
        foreach (var edit in _edits.OrderBy(e => e.Start).ThenBy(e => e.End))
        {
            text.Append(source.Text, done, edit.Start - done).Append(edit.Text);
            done = edit.End;
        }

        return text.Append(source.Text, done, source.Text.Length - done).ToString();
    }

    private readonly record struct Edit(int Start, int End, string Text);
}
