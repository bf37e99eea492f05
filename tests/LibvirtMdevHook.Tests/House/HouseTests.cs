using NUnit.Framework;

namespace LibvirtMdevHook.Tests.House;

/// <summary>How dense the code may be. Prints how dense it is, for <c>src</c> and <c>tests</c>.</summary>
internal sealed class HouseTests
{
    private const int WidestLine = 140;

    /// <summary>A statement with n conditional operators has n - 1 chained ones.</summary>
    private const double MostChainedInThousandLines = 1.0;

    private static readonly SourceFolder Src = SourceFolder.Read("src");
    private static readonly SourceFolder Tests = SourceFolder.Read("tests");

    [Test]
    public void No_line_is_wider_than_140_columns()
    {
        var wide = Src.Files.Concat(Tests.Files)
            .SelectMany(file => file.Lines.Index().Where(line => line.Item.Length > WidestLine)
                .Select(line => $"{file.Path}:{line.Index + 1} has {line.Item.Length} columns"));
        Assert.That(wide, Is.Empty, string.Join('\n', wide));
    }

    [Test]
    public void Few_statements_have_more_than_one_conditional_operator()
    {
        var chained = Src.Files.SelectMany(file => Statement.WithConditionals(file.Text).Where(statement => statement.Chained > 0)
            .Select(statement => $"{file.Path}:{statement.Line} has {statement.Conditionals}"));
        Assert.That(ChainedInThousandLines(Src), Is.AtMost(MostChainedInThousandLines), string.Join('\n', chained));
    }

    [Test]
    public void The_figures_are_printed()
    {
        TestContext.Out.WriteLine("| | files | lines | median file | largest | lines > 100 | lines > 140 | chained conditionals / kLOC |");
        TestContext.Out.WriteLine("|---|---|---|---|---|---|---|---|");
        TestContext.Out.WriteLine(Figures(Src));
        TestContext.Out.WriteLine(Figures(Tests));
    }

    private static string Figures(SourceFolder folder)
    {
        var lengths = folder.Files.Select(file => file.Lines.Length).Order().ToArray();
        return $"| {folder.Name} | {lengths.Length} | {lengths.Sum()} | {lengths[lengths.Length / 2]} | {lengths[^1]} "
            + $"| {WiderThan(folder, 100)} | {WiderThan(folder, WidestLine)} | {ChainedInThousandLines(folder):0.00} |";
    }

    private static int WiderThan(SourceFolder folder, int columns) =>
        folder.Files.Sum(file => file.Lines.Count(line => line.Length > columns));

    private static double ChainedInThousandLines(SourceFolder folder)
    {
        var chained = folder.Files.Sum(file => Statement.WithConditionals(file.Text).Sum(statement => statement.Chained));
        return 1000.0 * chained / folder.Files.Sum(file => file.Lines.Length);
    }
}
