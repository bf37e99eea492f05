using System.Diagnostics;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using LibvirtMdevHook.Domains;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Domains;

/// <summary>The parser, the RELAX NG and the XSD agree on every example and on every case in Declarations (see its README.md).</summary>
internal sealed class DeclarationCasesTests
{
    private static readonly Dictionary<string, string[]> Expected = File.ReadLines(InOutput("Declarations/cases.tsv"))
        .Select(line => line.Split('\t')).ToDictionary(fields => fields[0], fields => fields[1..]);

    private static readonly Lazy<XmlSchemaSet> Xsd = new(() =>
    {
        var set = new XmlSchemaSet();
        set.Add(null, InOutput("schemas/mdev-hook.xsd"));
        set.Compile();
        return set;
    });

    private static IEnumerable<string> Taken() => Files("good").Concat(Files("parser-good")).Concat(Files("../examples"));

    private static IEnumerable<string> Refused() => Expected.Keys;

    [TestCaseSource(nameof(Taken))]
    public void The_parser_takes_what_is_right(string file) => Assert.That(Problems(file), Is.Empty);

    [TestCaseSource(nameof(Refused))]
    public void The_parser_refuses_what_is_wrong_with_its_line(string file)
    {
        var problems = Problems(file);
        var line = int.Parse(Expected[file][0], CultureInfo.InvariantCulture);
        Assert.That(problems.Select(p => p.Line), Does.Contain(line), string.Join('\n', problems));
        var sentences = string.Join('\n', problems.Where(p => p.Line == line));
        foreach (var word in Expected[file][1..])
            Assert.That(sentences, Does.Contain(word));
    }

    [Test]
    public void Every_refused_case_says_what_is_expected() =>
        Assert.That(new[] { "bad", "xsd-accepts", "rng-accepts", "parser-only" }.SelectMany(Files), Is.EquivalentTo(Expected.Keys));

    [Test]
    public void The_XSD_says_of_every_case_what_its_folder_says() => Assert.That(Wrong(
        InXsd, ["good", "../examples", "xsd-accepts"], ["bad", "rng-accepts"], ["parser-only", "parser-good"]), Is.Empty);

    [Test]
    public void The_RELAX_NG_says_of_every_case_what_its_folder_says() => Assert.That(Wrong(
        InRng, ["good", "../examples", "rng-accepts"], ["bad", "xsd-accepts"], ["parser-only", "parser-good"]), Is.Empty);

    /// <param name="validate">Takes files with a hostdevs element each, and says for each whether it is valid.</param>
    private static IEnumerable<string> Wrong(Func<string[], Dictionary<string, bool>> validate, string[] valid, string[] invalid,
        string[] validOrNone)
    {
        var folder = Directory.CreateTempSubdirectory("mdev-declarations-");
        try
        {
            var expected = new Dictionary<string, bool>();
            foreach (var file in valid.Concat(invalid).Concat(validOrNone).SelectMany(Files))
            {
                var declaration = Declaration(file);
                var kind = file[..file.LastIndexOf('/')];
                if (declaration is null && validOrNone.Contains(kind))
                    continue;
                var path = Path.Combine(folder.FullName, file.Replace('/', '_').Replace("..", "", StringComparison.Ordinal));
                File.WriteAllText(path, declaration ?? throw new InvalidDataException($"{file} has no declaration"));
                expected[path] = !invalid.Contains(kind);
            }

            var actual = validate([.. expected.Keys]);
            return [.. expected.Where(e => actual[e.Key] != e.Value)
                .Select(e => $"{Path.GetFileName(e.Key)} should be {(e.Value ? "valid" : "invalid")}")];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Dictionary<string, bool> InXsd(string[] files) => files.ToDictionary(file => file, file =>
    {
        var good = true;
        var document = XDocument.Load(file, LoadOptions.PreserveWhitespace);
        document.Validate(Xsd.Value, (_, _) => good = false);
        return good;
    });

    private static Dictionary<string, bool> InRng(string[] files)
    {
        var start = new ProcessStartInfo("xmllint",
            ["--noout", "--relaxng", InOutput("schemas/mdev-hook.rng"), .. files]) { RedirectStandardError = true };
        using var xmllint = StartOrExplain(start);
        var lines = xmllint.StandardError.ReadToEnd().Split('\n');
        xmllint.WaitForExit();
        return files.ToDictionary(file => file, file => lines.Contains($"{file} validates")
            || (lines.Contains($"{file} fails to validate")
                ? false : throw new InvalidDataException($"xmllint says nothing of {file}: {string.Join('\n', lines.Take(5))}")));
    }

    private static Process StartOrExplain(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException(
                $"'{start.FileName}' cannot be started ({e.Message}); install it: apt-get install libxml2-utils", e);
        }
    }

    /// <returns>The text of the first declaration; null when there is none, or the document cannot be read with its namespaces.</returns>
    private static string? Declaration(string file)
    {
        try
        {
            return XDocument.Load(InOutput("Declarations/" + file), LoadOptions.PreserveWhitespace).Root!.Elements("metadata").Elements()
                .FirstOrDefault(e => e.Name == XName.Get("hostdevs", DeclarationXml.Namespace))?.ToString(SaveOptions.DisableFormatting);
        }
        catch (XmlException)
        {
            return null;
        }
    }

    private static Problem[] Problems(string file)
    {
        try
        {
            DomainXml.Parse(File.ReadAllBytes(InOutput("Declarations/" + file)), []);
            return [];
        }
        catch (DomainXmlException e)
        {
            return [.. e.Problems];
        }
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.GetFiles(InOutput("Declarations/" + folder), "*.xml").Order().Select(file => $"{folder}/{Path.GetFileName(file)}");

    private static string InOutput(string path) => Path.Combine(AppContext.BaseDirectory, path);
}
