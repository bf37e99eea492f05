using System.Collections.Immutable;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Domains;

/// <summary>Domain XML that cannot be taken; every problem is a sentence for the person who edits it.</summary>
internal sealed class DomainXmlException(ImmutableArray<Problem> problems) : Exception(problems[0].ToString())
{
    /// <summary>At least one, in the order of their lines.</summary>
    public ImmutableArray<Problem> Problems => problems;
}

/// <summary>Something wrong in a domain XML.</summary>
/// <param name="Line">From 1; 0 when it has no place.</param>
internal sealed record Problem(int Line, string Text)
{
    /// <summary>More than the longest remedy has for some devices, and no more than a log bears.</summary>
    private const int MaximumLength = 16_000;

    /// <summary>One line of a bounded length, whatever the document has in the place that it quotes.</summary>
    public string Text { get; } = OneLine.Of(Text.Length <= MaximumLength ? Text : $"{Text[..MaximumLength]}...");

    public override string ToString() => Line > 0 ? $"line {Line}: {Text}" : Text;
}
