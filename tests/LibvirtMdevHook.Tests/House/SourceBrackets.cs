namespace LibvirtMdevHook.Tests.House;

/// <summary>Which brackets of a file belong together, and which braces hold statements.</summary>
internal sealed class SourceBrackets
{
    /// <summary>A brace after one of these belongs to a pattern or an initializer, with a type's name before it or not.</summary>
    private static readonly string[] BeforeExpressionBrace = ["new", "is", "not", "and", "or", "case", "with", "stackalloc", "="];

    private readonly SourceToken[] _tokens;
    private readonly int[] _partner;
    private readonly bool[] _isBlock;

    public SourceBrackets(SourceToken[] tokens)
    {
        _tokens = tokens;
        _partner = new int[tokens.Length];
        // One without a partner reaches to the end.
        Array.Fill(_partner, tokens.Length);
        _isBlock = new bool[tokens.Length];
        var open = new Stack<int>();
        for (var at = 0; at < tokens.Length; at++)
        {
            if (Text(at) is ")" or "]" or "}" && open.TryPop(out var start))
                (_partner[start], _partner[at]) = (at, start);
            if (Text(at) is not ("(" or "[" or "{"))
                continue;
            var isInExpression = open.TryPeek(out var around) && !_isBlock[around];
            _isBlock[at] = Text(at) == "{" && OpensBlock(at, isInExpression);
            open.Push(at);
        }
    }

    /// <summary>The index of the bracket that closes, or opens, this one.</summary>
    public int Partner(int bracket) => _partner[bracket];

    /// <summary>It opens a body or a block of statements.</summary>
    public bool IsBlock(int brace) => _isBlock[brace];

    /// <summary>The block belongs to a lambda expression or an anonymous method, and so stands inside a statement.</summary>
    public bool IsLambdaBody(int brace)
    {
        if (Text(brace - 1) is "=>" or "delegate")
            return true;
        return Text(brace - 1) == ")" && Text(_partner[brace - 1] - 1) == "delegate";
    }

    /// <returns>Empty outside the file.</returns>
    public string Text(int at) => at >= 0 && at < _tokens.Length ? _tokens[at].Text : "";

    private bool OpensBlock(int brace, bool isInExpression)
    {
        if (IsLambdaBody(brace))
            return true;
        if (isInExpression || Text(brace - 1) == "switch")
            return false;
        var last = BeforeArguments(brace - 1);
        if (BeforeExpressionBrace.Contains(Text(last)))
            return IsConstraint(last);
        while (Text(last - 1) is "." or "::")
            last -= 2;
        return !BeforeExpressionBrace.Contains(Text(last - 1));
    }

    /// <summary>Steps back over what may follow a type's name: arguments, array ranks, type arguments.</summary>
    private int BeforeArguments(int at)
    {
        while (Text(at) is ")" or "]" or "?" or "?.")
            at = Text(at) is ")" or "]" ? _partner[at] - 1 : at - 1;
        if (Text(at) != ">")
            return at;
        for (var depth = 0; at > 0; at--)
        {
            depth += Text(at) == ">" ? 1 : 0;
            depth -= Text(at) == "<" ? 1 : 0;
            if (depth == 0)
                return at - 1;
        }

        return at;
    }

    /// <summary>The <c>new()</c> of <c>where T : new()</c>.</summary>
    private bool IsConstraint(int at)
    {
        if (Text(at) != "new")
            return false;
        while (at > 0 && Text(at) is not (";" or "{" or "}" or "where"))
            at--;
        return Text(at) == "where";
    }
}
