using NUnit.Framework;

namespace LibvirtMdevHook.Tests.House;

internal sealed class StatementTests
{
    [TestCase("x = a ? b : c;")]
    [TestCase("return a ? [1] : [];")]
    [TestCase("return a?.B[0] is int ? -1 : .5;")]
    [TestCase("T? x = a ? b : c;")]
    [TestCase("T? P => a ? b : c;")]
    [TestCase("T? P { get; } public U? Q => a ? b : c;")]
    [TestCase("x = y is int? ? 1 : 2;")]
    [TestCase("x = (int?)y ?? (a ? 1 : 2);")]
    [TestCase("x = a ? new Dictionary<string, int?>() : null;")]
    [TestCase("x = a ? y => z : w;")]
    [TestCase("x = a ? y is { P: 1 } : z;")]
    [TestCase("return a ? new T { P = 1 } : new() { Q = b?[0] };")]
    [TestCase("x = $\"{(a ? b : c):0.0}\";")]
    [TestCase("x = $@\"{{{(a ? b : c)}\"\"\";")]
    [TestCase("x = $$\"\"\"{ {{(a ? b : c)}} ? \" : \"\" \"\"\";")]
    [TestCase("if (a ? b : c) { }")]
    [TestCase("for (var i = 0; i < (a ? 1 : 2); i++) { }")]
    [TestCase("class A(int? x) : B(x ?? 1) { T? M<T>(string? y) where T : class => a ? b : c; }")]
    [TestCase("class A { T? M<T>() where T : new() { return a ? b : c; } }")]
    public void A_conditional_operator_counts(string source) =>
        Assert.That(Statement.WithConditionals(source), Is.EqualTo(new[] { new Statement(1, 1) }));

    [TestCase("x = a?.B?[0] ?? c;")]
    [TestCase("x ??= a?.B;")]
    [TestCase("T? x = null; U?[] y = []; List<V?> z;")]
    [TestCase("(int?, string?) x;")]
    [TestCase("F(out int? a, name: b);")]
    [TestCase("F(int? a = null, string? b = null) : base(a) { }")]
    [TestCase("class A { T? M<T>(U? u) where T : class { } }")]
    [TestCase("T? P { get; init; } U? this[int? i] => v;")]
    [TestCase("switch (x) { case A a when a.B is int?: return; default: throw; }")]
    [TestCase("var c = '?'; var d = '\\''; var e = \"a ? b : c\"; var f = \"\\\" ? : \"u8;")]
    [TestCase("var c = @\"\\\"; var d = @\"\"\" ? : \";")]
    [TestCase("var c = \"\"\" a ? \" b \"\" : c \"\"\";")]
    [TestCase("var c = $\"a ? {b:? 0} : {{c}}\";")]
    [TestCase("var c = $\"{F(\" ? : \", ':')}\";")]
    [TestCase("// a ? b : c\n/* a ? b : c */ F();\n#pragma warning disable X // a ? b : c\nG();")]
    public void What_only_looks_like_one_does_not(string source) => Assert.That(Statement.WithConditionals(source), Is.Empty);

    [TestCase("x = a ? b : c ? d : e;", 2)]
    [TestCase("x = a ? b ? c : d : e;", 2)]
    [TestCase("F(a ? b : c, d ? e : f, g ? h : i);", 3)]
    [TestCase("x = $\"{(a ? b : c)} {(d ? e : f)}\";", 2)]
    [TestCase("x = a switch { A => b ? c : d, _ => e ? f : g };", 2)]
    [TestCase("x = new T { P = a ? b : c, Q = [d ? e : f] };", 2)]
    [TestCase("return x is { A: var y } ? y ? a : b : c;", 2)]
    [TestCase("x = a ? b : F(() => { G(); }) ? c : d;", 2)]
    public void Those_of_one_statement_are_counted_together(string source, int count) =>
        Assert.That(Statement.WithConditionals(source).Select(statement => statement.Conditionals), Is.EqualTo(new[] { count }));

    [TestCase("x = a ? b : c; y = d ? e : f;")]
    [TestCase("if (a ? b : c) x = d ? e : f;")]
    [TestCase("if (a ? b : c) { x = d ? e : f; }")]
    [TestCase("if (a) { x = b ? c : d; } else { x = e ? f : g; }")]
    [TestCase("foreach (var x in a ? b : c) F(d ? e : f);")]
    [TestCase("x = a ? b : F(() => { return c ? d : e; });")]
    [TestCase("Func<int> x = () => { return a ? b : c; }; y = d ? e : f;")]
    [TestCase("F(a ? b : c, delegate (int x) { return d ? e : f; });")]
    [TestCase("int P { get => a ? b : c; set => x = d ? e : f; }")]
    [TestCase("int P { get { return a ? b : c; } } = d ? e : f;")]
    [TestCase("switch (a) { case A: return b ? c : d; case B when c ? d : e: return; }")]
    public void Those_of_two_statements_are_not(string source) =>
        Assert.That(Statement.WithConditionals(source).Select(statement => statement.Conditionals), Is.EqualTo(new[] { 1, 1 }));

    [Test]
    public void A_statement_is_where_its_first_conditional_operator_stands()
    {
        const string source = "F();\nx = @\"\n\" + a\n    ? b\n    : c ? d : e;\n";
        Assert.That(Statement.WithConditionals(source), Is.EqualTo(new[] { new Statement(4, 2) }));
    }
}
