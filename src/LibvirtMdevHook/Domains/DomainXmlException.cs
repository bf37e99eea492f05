using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Domains;

/// <summary>
/// A domain XML has mistakes. Each problem is a sentence for the person who edits the XML.
/// </summary>
internal sealed class DomainXmlException(ImmutableArray<Problem> problems) : Exception(problems[0].ToString())
{
    /// <summary>At least one, in the order of their lines.</summary>
    public ImmutableArray<Problem> Problems => problems;
}

/// <summary>Something wrong in a domain XML.</summary>
/// <param name="Line">
/// The line in the document, from 1; 0 when the problem has no place there.
/// </param>
internal sealed record Problem(int Line, string Text)
{
    /// <summary>
    /// More than the longest remedy for some devices needs, and not too much for a log.
    /// </summary>
    private const int MaximumLength = 16_000;

    /// <summary>
    /// One line of a bounded length, whatever the quoted part of the document is.
    /// </summary>
    public string Text { get; } = Short(OneLine.Of(Text));

    public override string ToString() => Line > 0 ? $"line {Line}: {Text}" : Text;

    private static string Short(string text) => text.Length <= MaximumLength ? text : $"{text[..MaximumLength]}...";
}
