namespace LibvirtMdevHook.Tests.House;

/// <summary>A statement, or a member without its blocks, that has a conditional operator.</summary>
/// <param name="Line">Where its first conditional operator stands.</param>
internal sealed record Statement(int Line, int Conditionals)
{
    /// <summary>After their parentheses another statement begins.</summary>
    private static readonly string[] Heads = ["if", "while", "for", "foreach", "switch", "using", "lock", "fixed"];

    /// <summary>Those beyond the first.</summary>
    public int Chained => Conditionals - 1;

    /// <returns>The statements with a conditional operator. A lambda's block has statements of its own.</returns>
    public static List<Statement> WithConditionals(string source)
    {
        var tokens = SourceLexer.Read(source);
        var brackets = new SourceBrackets(tokens);
        var operators = new ConditionalOperators(tokens, brackets);
        var found = new List<Statement>();
        var open = new Stack<int>();
        var interrupted = new Stack<Statement?>();
        Statement? current = null;
        var first = 0;
        for (var at = 0; at < tokens.Length; at++)
        {
            if (operators.IsOperator(at))
                current = new Statement(current?.Line ?? tokens[at].Line, (current?.Conditionals ?? 0) + 1);
            if (OpensLambda(at))
            {
                interrupted.Push(current);
                current = null;
            }

            if (tokens[at].Text is "(" or "[" or "{")
                open.Push(at);
            if (tokens[at].Text is ")" or "]" or "}")
                open.TryPop(out _);
            if (!EndsStatement(at))
                continue;
            if (current is not null)
                found.Add(current);
            current = ClosesLambda(at) ? interrupted.Pop() : null;
            first = at + 1;
        }

        return found;

        bool OpensLambda(int at) => tokens[at].Text == "{" && brackets.IsBlock(at) && brackets.IsLambdaBody(at);

        bool ClosesLambda(int at) => tokens[at].Text == "}" && OpensLambda(brackets.Partner(at));

        bool IsInBlock() => !open.TryPeek(out var around) || brackets.IsBlock(around);

        bool EndsStatement(int at) => tokens[at].Text switch
        {
            "{" => brackets.IsBlock(at),
            "}" => brackets.IsBlock(brackets.Partner(at)),
            ";" => IsInBlock(),
            ")" => IsInBlock() && Heads.Contains(brackets.Text(brackets.Partner(at) - 1)),
            // The end of a label of a switch statement.
            ":" => IsInBlock() && tokens[first].Text is "case" or "default" && !operators.IsColon(at),
            _ => false,
        };
    }
}
