using System.Collections.Immutable;
using System.Text.RegularExpressions;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using NUnit.Framework;

namespace LibvirtMdevHook.Tests.Planning;

/// <summary>What a declared name matches, among the names of all known types.</summary>
internal sealed partial class TypeMatchTests
{
    private static readonly string[] WordsInFront = ["", "GRID ", "NVIDIA_", "NVIDIA GRID ", "NVIDIA-"];

    /// <summary>The separators between two digits, and elsewhere.</summary>
    private static readonly (string Between, string Elsewhere)[] Separators =
        [(" ", " "), ("_", "_"), ("-", "-"), (" - ", "_ "), ("-", ""), ("_", "")];

    /// <summary>Types by device: the names of one device's types begin with the same words.</summary>
    private static readonly ImmutableArray<ImmutableArray<MdevType>> Devices = Read();

    [Test]
    public void Two_names_that_differ_in_more_than_the_word_in_front_are_two()
    {
        var names = Devices.SelectMany(types => types).Select(type => type.Name!).ToArray();
        var alike = names.GroupBy(TypeName.Normalise).Where(one => one.Select(Bare).Distinct().Count() > 1);
        Assert.That(names, Has.Length.GreaterThan(1000));
        Assert.That(alike.Select(one => string.Join(" = ", one)), Is.Empty);
    }

    [Test]
    public void A_name_means_its_own_type_however_it_is_spelled() => Assert.That(
        from types in Devices
        from type in types
        from spelling in Spellings(Bare(type.Name!))
        where !TypeMatch.Of(spelling, Dialect.Mdev, types).Types.SequenceEqual([type])
        select $"'{spelling}' is not '{type.Name}'", Is.Empty);

    [Test]
    public void A_separator_between_two_digits_cannot_be_left_out() => Assert.That(
        from types in Devices
        from type in types
        from separator in BetweenDigits().Matches(type.Name!)
        let name = type.Name!.Remove(separator.Index, separator.Length)
        where TypeMatch.Of(name, Dialect.Mdev, types).Types.Contains(type)
        select $"'{name}' is '{type.Name}'", Is.Empty);

    [Test]
    public void A_name_without_a_separator_between_two_digits_is_a_near_miss() => Assert.That(
        from types in Devices
        from type in types
        from separator in BetweenDigits().Matches(type.Name!)
        let name = type.Name!.Remove(separator.Index, separator.Length)
        where TypeMatch.Of(name, Dialect.Mdev, types).Types.IsEmpty && !TypeMatch.Near(name, types).Contains(type.Name!)
        select $"'{type.Name}' is not offered for '{name}', but {string.Join(", ", TypeMatch.Near(name, types))}", Is.Empty);

    [Test]
    public void More_than_one_name_but_for_spelling_is_listed_with_all_that_are_meant()
    {
        ImmutableArray<MdevType> types = [Type(1, "GRID M60-4Q"), Type(2, "NVIDIA M60 4Q"), Type(3, "M60-8Q")];
        Assert.Multiple(() =>
        {
            Assert.That(TypeMatch.Of("m60_4q", Dialect.Mdev, types).Types, Is.EqualTo(types[..2]));
            Assert.That(TypeMatch.Of("NVIDIA M60 4Q", Dialect.Mdev, types).Types, Is.EqualTo(types[1..2]), "an exact name comes first");
        });
    }

    [TestCase("-"), TestCase("_ -"), TestCase("\u00a0")]
    public void Separators_alone_are_no_name(string declared) =>
        Assert.That(TypeMatch.Of(declared, Dialect.Mdev, [Type(1, "- -")]).Types, Is.Empty);

    /// <summary>A bare number is an id if ids are numbers, and never a name.</summary>
    [TestCase("18"), TestCase("GRID 18")]
    public void A_number_does_not_mean_a_type_without_a_name(string declared) =>
        Assert.That(TypeMatch.Of(declared, Dialect.Mdev, [new MdevType(SysfsName.Parse("nvidia-18"), null)]).Types, Is.Empty);

    private static IEnumerable<string> Spellings(string name) =>
        from front in WordsInFront
        from separators in Separators
        let marked = Separator().Replace(BetweenDigits().Replace(name, "\0"), separators.Elsewhere)
        let spelling = front + marked.Replace("\0", separators.Between, StringComparison.Ordinal)
        from text in new[] { spelling.ToUpperInvariant(), spelling.ToLowerInvariant() }
        select text;

    private static string Bare(string name) => Vendor().Replace(name, "");

    private static MdevType Type(int number, string name) => new(SysfsName.Parse($"type-{number}"), name);

    private static ImmutableArray<ImmutableArray<MdevType>> Read()
    {
        var number = 0;
        var lines = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Types", "names.txt"))
            .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(": ", 2));
        return
        [
            .. lines.GroupBy(line => line.Length == 2 ? line[0] : "")
                .Select(device => device.SelectMany(Names).Select(name => Type(++number, name)).ToImmutableArray()),
        ];
    }

    private static IEnumerable<string> Names(string[] line) => line.Length == 2 ? line[1].Split(' ').Select(end => line[0] + end) : line;

    [GeneratedRegex("^(GRID|NVIDIA) ")]
    private static partial Regex Vendor();

    [GeneratedRegex("[ _-]")]
    private static partial Regex Separator();

    [GeneratedRegex("(?<=[0-9])[ _-](?=[0-9])")]
    private static partial Regex BetweenDigits();
}
