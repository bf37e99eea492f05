using NUnit.Framework;

namespace LibvirtMdevHook.Tests.House;

/// <summary>What people see goes through one type, which shows control characters as what they are.</summary>
internal sealed class PrintingTests
{
    /// <summary>The streams that take or give bytes as they are: what a child process printed, and a document.</summary>
    private static readonly string[] Streams =
    [
        "ChildCommand.cs OpenStandardOutput", "ChildCommand.cs OpenStandardError", "DomainFile.cs OpenStandardInput",
    ];

    [Test]
    public void Only_the_type_for_it_uses_the_console()
    {
        var wrong = SourceFolder.Read("src").Files.Where(file => file.Path != "src/LibvirtMdevHook.Cli/Output.cs").SelectMany(UsesIn);
        Assert.That(wrong, Is.Empty);
    }

    private static IEnumerable<string> UsesIn(SourceFile file)
    {
        var tokens = SourceLexer.Read(file.Text);
        for (var at = 0; at + 2 < tokens.Length; at++)
        {
            if (tokens[at].Text == "Console" && !Streams.Contains($"{file.Name} {tokens[at + 2].Text}"))
                yield return $"{file.Path}:{tokens[at].Line} uses Console.{tokens[at + 2].Text}";
        }
    }
}
