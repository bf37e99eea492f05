using System.Text;
using DiffPlex.DiffBuilder;
using DiffPlex.DiffBuilder.Model;
using NUnit.Framework;

namespace VerifyNUnit;

/// <summary>The pair of files of one test.</summary>
internal sealed class Snapshot
{
    private const int Context = 3;

    private readonly string _verified;
    private readonly string _received;

    private Snapshot(string stem, string extension) =>
        (_verified, _received) = ($"{stem}.verified.{extension}", $"{stem}.received.{extension}");

    /// <summary>A test with arguments adds them to its name: <c>Class.Method_file=one.verified.txt</c>.</summary>
    public static Snapshot Of(TestContext.TestAdapter test, string sourceFile, string extension)
    {
        var className = test.ClassName![(test.ClassName!.LastIndexOf('.') + 1)..].Replace('+', '.');
        var names = test.MethodInfo?.GetParameters().ToArray() ?? [];
        var arguments = test.Arguments.Select((value, i) => $"{(i < names.Length ? names[i].Name : $"{i}")}={value}");
        var stem = $"{className}.{test.MethodName}{string.Concat(arguments.Select(a => '_' + a))}";
        foreach (var unsafeCharacter in Path.GetInvalidFileNameChars().Append(' '))
            stem = stem.Replace(unsafeCharacter, '-');
        return new Snapshot(Path.Combine(Path.GetDirectoryName(sourceFile)!, stem), extension);
    }

    public void Compare(string text)
    {
        var now = text.ReplaceLineEndings("\n");
        var before = File.Exists(_verified) ? File.ReadAllText(_verified).ReplaceLineEndings("\n") : null;
        File.Delete(_received);
        if (now == before)
            return;
        if (Environment.GetEnvironmentVariable("VERIFY_ACCEPT") == "1")
        {
            File.WriteAllText(_verified, now);
            return;
        }

        File.WriteAllText(_received, now);
        throw new SnapshotException(before is null
            ? $"nothing is verified yet; if this is right, rename '{_received}' to '{_verified}':\n{now}"
            : $"'{_received}' differs from '{Path.GetFileName(_verified)}' (- verified, + received):\n{Difference(before, now)}");
    }

    private static string Difference(string before, string now)
    {
        var lines = InlineDiffBuilder.Diff(before, now).Lines;
        var shown = new StringBuilder();
        var last = -1;
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines.Take(i + Context + 1).Skip(i - Context).All(l => l.Type == ChangeType.Unchanged))
                continue;
            if (last >= 0 && i > last + 1)
                shown.AppendLine("...");
            shown.Append(lines[i].Type switch { ChangeType.Inserted => "+ ", ChangeType.Deleted => "- ", _ => "  " })
                .AppendLine(lines[i].Text);
            last = i;
        }

        return shown.ToString();
    }
}
