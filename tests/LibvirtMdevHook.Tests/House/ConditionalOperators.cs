namespace LibvirtMdevHook.Tests.House;

/// <summary>
/// Which question marks of a file are conditional operators: those with a colon of their own before the expression ends. The others belong
/// to nullable types.
/// </summary>
internal sealed class ConditionalOperators
{
    /// <summary>None of these begins an expression, so a <c>?</c> before it belongs to a nullable type.</summary>
    private static readonly string[] AfterNullableType =
        [">", ",", ")", "]", "}", "{", ";", ":", "=", "=>", "?", "?.", "??", "??=", ".", "==", "!=", "&&", "||", "and", "or", "is", "when"];

    private readonly SourceToken[] _tokens;
    private readonly SourceBrackets _brackets;
    private readonly bool[] _isOperator;
    private readonly bool[] _isColon;

    public ConditionalOperators(SourceToken[] tokens, SourceBrackets brackets)
    {
        (_tokens, _brackets) = (tokens, brackets);
        _isOperator = new bool[tokens.Length];
        _isColon = new bool[tokens.Length];
        // From the end, since an operator between another one and its colon takes a colon of its own.
        for (var at = tokens.Length - 1; at >= 0; at--)
        {
            if (FindColon(at) is { } colon)
                _isOperator[at] = _isColon[colon] = true;
        }
    }

    /// <summary>The <c>?</c> of a conditional operator.</summary>
    public bool IsOperator(int at) => _isOperator[at];

    /// <summary>The <c>:</c> of a conditional operator.</summary>
    public bool IsColon(int at) => _isColon[at];

    private int? FindColon(int question)
    {
        if (Text(question) != "?" || AfterNullableType.Contains(Text(question + 1)))
            return null;
        var open = 1;
        for (var at = AfterBrackets(question + 1); !EndsExpression(at); at = AfterBrackets(at + 1))
        {
            open += _isOperator[at] ? 1 : 0;
            open -= Text(at) == ":" ? 1 : 0;
            if (open == 0)
                return at;
        }

        return null;
    }

    /// <summary>Also at a block, and at <c>where T :</c>.</summary>
    private bool EndsExpression(int at) =>
        Text(at) is "" or ";" or "," or ")" or "]" or "}" or "{" || (Text(at) == "where" && Text(at + 2) == ":");

    /// <summary>Steps over whole pairs of brackets and lists of type arguments, but not over a block that is no lambda's.</summary>
    private int AfterBrackets(int at)
    {
        while (EndOfBrackets(at) is { } end)
            at = end + 1;
        return at;
    }

    private int? EndOfBrackets(int at) => Text(at) switch
    {
        "(" or "[" => _brackets.Partner(at),
        "{" when !_brackets.IsBlock(at) || _brackets.IsLambdaBody(at) => _brackets.Partner(at),
        "<" => EndOfTypeArguments(at),
        _ => null,
    };

    /// <returns>Null when the <c>&lt;</c> compares.</returns>
    private int? EndOfTypeArguments(int at)
    {
        var depth = 0;
        for (; at < _tokens.Length; at++)
        {
            if (Text(at) is "(" or "[")
                at = _brackets.Partner(at);
            else if (Text(at) == "<")
                depth++;
            else if (Text(at) == ">" && --depth == 0)
                return at;
            else if (!_tokens[at].IsWord && Text(at) is not ("." or "," or "?" or "?." or "::" or ">"))
                return null;
        }

        return null;
    }

    private string Text(int at) => _brackets.Text(at);
}
