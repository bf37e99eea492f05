namespace LibvirtMdevHook.Tests.House;

/// <summary>One token of C# source.</summary>
/// <param name="Text">As the file has it; a literal is only <c>""</c>, <c>''</c> or <c>0</c>.</param>
internal readonly record struct SourceToken(string Text, int Line)
{
    /// <summary>An identifier or a keyword.</summary>
    public bool IsWord => Text[0] is '_' or '@' || char.IsLetter(Text[0]);
}
