using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Settings;
using NUnit.Framework;
using static VerifyNUnit.Verifier;

namespace LibvirtMdevHook.Tests.Settings;

/// <summary>The configuration of a host.</summary>
internal sealed class SettingsFileTests
{
    [Test]
    public void Every_key_is_read()
    {
        var settings = SettingsFile.Parse(
            """
            # a comment
            placement = "depth-first"
            numa = "ignore"
            excluded_parents = ["0000:86:00.0", "mtty"]
            prepare_deadline = 30
            migrate_deadline = 8
            start_deadline = 2.5
            release_deadline = 0.2
            removal_grace = 3
            held_wait = 60
            wait_for_types = 20
            allowed_attributes = [ "mine/*" ]
            log_level = "warn"
            log_file = "/var/log/mine.log"
            """, "f");
        Assert.Multiple(() =>
        {
            Assert.That(settings.Problems, Is.Empty);
            Assert.That(settings.Placement, Is.EqualTo(Placement.DepthFirst));
            Assert.That(settings.Numa, Is.EqualTo(NumaRule.Ignore));
            Assert.That(settings.ExcludedParents.Select(p => p.ToString()), Is.EqualTo(new[] { "0000:86:00.0", "mtty" }));
            Assert.That(settings.PrepareDeadline.TotalSeconds, Is.EqualTo(30));
            Assert.That(settings.MigrateDeadline.TotalSeconds, Is.EqualTo(8));
            Assert.That(settings.StartDeadline.TotalSeconds, Is.EqualTo(2.5));
            Assert.That(settings.ReleaseDeadline.TotalSeconds, Is.EqualTo(0.2));
            Assert.That(settings.RemovalGrace.TotalSeconds, Is.EqualTo(3));
            Assert.That(settings.HeldWait.TotalSeconds, Is.EqualTo(60));
            Assert.That(settings.WaitForTypes.TotalSeconds, Is.EqualTo(20));
            Assert.That(settings.AllowedAttributes, Is.EqualTo(new[] { "mine/*" }));
            Assert.That(settings.LogLevel, Is.EqualTo(LogLevelName.Warn));
            Assert.That(settings.LogFile, Is.EqualTo("/var/log/mine.log"));
        });
    }

    [Test]
    public void The_shipped_file_shows_every_key_with_its_default()
    {
        var lines = File.ReadLines(Shipped()).Where(line => Regex.IsMatch(line, "^#[a-z_]+ = ")).Select(line => line[1..]).ToArray();
        var settings = SettingsFile.Parse(string.Join('\n', lines), "f");
        Assert.That(settings.ExcludedParents.Length + settings.AllowedAttributes.Length + settings.Problems.Length, Is.Zero);
        Assert.That(settings with { LogFile = null, ExcludedParents = [], AllowedAttributes = [], Problems = [] },
            Is.EqualTo(new HostSettings()));
        Assert.That(settings.LogFile, Is.EqualTo(new Root("/").LogFile.Text));
        Assert.That(lines.Select(line => line.Split(' ')[0]), Is.EquivalentTo(SettingsFile.Keys));
    }

    /// <summary>libvirtd 9.0 takes each of these in libvirtd.conf, with a key of its own.</summary>
    [TestCase("""excluded_parents = ["mtty"]   # broken fan""")]
    [TestCase("""excluded_parents=['mtty']#broken fan""")]
    [TestCase("excluded_parents = [\"\"\"mtty\"\"\"]")]
    [TestCase("excluded_parents = [\n  \"mtty\",\n]\n")]
    [TestCase("excluded_parents = [ \"mtty\"\n, ]")]
    [TestCase("\t excluded_parents\t=\t[\t\"mtty\" ]\t\n\t ")]
    [TestCase("excluded_parents = [\"mtty\"]\r\nnuma = 'ignore'\r\n")]
    [TestCase("excluded_parents = [\"mtty\"]; numa = \"ignore\"")]
    [TestCase("excluded_parents = [\"mtty\"] ;# broken fan")]
    [TestCase("numa = \"ignore\" # a comment\rexcluded_parents = [\"mtty\"]")]
    [TestCase("prepare_deadline = +30\nexcluded_parents = [\"mtty\"]")]
    public void What_libvirts_own_files_may_have_is_taken(string text) => MustExclude("mtty", text);

    /// <summary>libvirtd 9.0 takes no comment in a list. Whoever takes one of many parents out would miss it.</summary>
    [TestCase("excluded_parents = [ # broken fans\n  \"mtty\", # this one\n  # \"mdpy\",\n]")]
    public void Comments_may_stand_in_a_list(string text) => MustExclude("mtty", text);

    [Test]
    public void There_are_no_escapes_in_a_text_and_no_comments()
    {
        const string Text = "allowed_attributes = [\"a#b\\\\\", 'c\"d', \"\"\"e\"f\"\"\", '']";
        var settings = SettingsFile.Parse(Text, "f");
        Assert.That(settings.Problems, Is.Empty);
        Assert.That(settings.AllowedAttributes, Is.EqualTo(new[] { "a#b\\\\", "c\"d", "e\"f", "" }));
    }

    /// <summary>All but the parents' names and kinds are what libvirtd 9.0 refuses, too.</summary>
    [TestCase("""excluded_parents = [ "mtty" """, 1)]
    [TestCase("""excluded_parents = [ "mtty" "mdpy" ]""", 1)]
    [TestCase("excluded_parents = [\n\"mtty\"\n\"mdpy\"\n]", 3)]
    [TestCase("""excluded_parents = [ , ]""", 1)]
    [TestCase("""excluded_parents = [ "mtty",, ]""", 1)]
    [TestCase("""excluded_parents = [ "mtty" ] numa = "ignore" """, 1)]
    [TestCase("""numa = "ignore" excluded_parents = [ "mtty" ]""", 1)]
    [TestCase("excluded_parents =\n[ \"mtty\" ]", 1)]
    [TestCase("excluded_parents =", 1)]
    [TestCase("""excluded_parents = [ "mtty ]""", 1)]
    [TestCase("excluded_parents = [ \"\"\"mtty\" ]\n", 1)]
    [TestCase("""excluded_parents = [ mtty ]""", 1)]
    [TestCase("""excluded_parents: [ "mtty" ]""", 1)]
    [TestCase("""excluded_parents = [ [ "mtty" ] ]""", 1)]
    [TestCase("""excluded_parents = [ 1 ]""", 1)]
    [TestCase("""excluded_parents = "mtty" """, 1)]
    [TestCase("""excluded_parents = [ "a/b" ]""", 1)]
    [TestCase("\ufeffexcluded_parents = [ \"mtty\" ]", 1)]
    public void An_exclusion_with_a_mistake_is_named_with_its_line(string text, int line)
    {
        var settings = SettingsFile.Parse(text, "f");
        Assert.That(settings.UnreadExclusion, Does.StartWith($"'f' line {line}: ").And.Contain("excluded_parents"));
        Assert.That(settings.UnreadExclusion, Does.EndWith("; no device is placed on this host until that is corrected"));
        Assert.That(settings.Problems, Does.Contain(settings.UnreadExclusion));
    }

    [TestCase("excluded_parents = [ \"mtty\"\nprepare_deadline = 30")]
    [TestCase("excluded_parents = [ \"mtty\",\nprepare_deadline = 30")]
    [TestCase("excluded_parents = [\"mtty\nprepare_deadline = 30")]
    [TestCase("excluded_parents = [\"\"\"mtty\nprepare_deadline = 30")]
    [TestCase("excluded_parents\nprepare_deadline = 30")]
    public void A_mistake_costs_no_other_key(string text)
    {
        var settings = SettingsFile.Parse(text, "f");
        Assert.That(settings.PrepareDeadline.TotalSeconds, Is.EqualTo(30));
        Assert.That(settings.Problems, Has.Length.EqualTo(1));
    }

    [Test]
    public void An_exclusion_that_stands_twice_excludes_both()
    {
        var settings = SettingsFile.Parse("excluded_parents = [\"mtty\"]\nexcluded_parents = [\"mdpy\"]", "f");
        Assert.That(settings.ExcludedParents.Select(p => p.ToString()), Is.EqualTo(new[] { "mtty", "mdpy" }));
    }

    [Test]
    public void A_mistake_of_another_key_leaves_the_exclusion()
    {
        var settings = SettingsFile.Parse("placement = deep\nexcluded_parents = [\"mtty\"]\nspeed = 4", "f");
        Assert.That(settings.UnreadExclusion, Is.Null);
        Assert.That(settings.Problems, Has.Length.EqualTo(2));
        Assert.That(settings.ExcludedParents.Single().ToString(), Is.EqualTo("mtty"));
    }

    [Test]
    public Task What_cannot_be_taken_is_reported_and_changes_nothing()
    {
        var settings = SettingsFile.Parse(
            """
            placment = "depth-first"
            placement = depth-first
            numa = "maybe"
            prepare_deadline = -1
            start_deadline = soon
            release_deadline = 1e9
            held_wait = -Infinity
            removal_grace = NaN
            excluded_parents = ["a/b"]
            allowed_attributes = "mine/*"
            log_file = "relative"
            no equals sign
            numa = "ignore
            wait_for_types = 20 seconds
            """, "/etc/libvirt/mdev-hook.conf");
        Assert.That(settings with { Problems = [], UnreadExclusion = null }, Is.EqualTo(new HostSettings() with { Problems = [] }));
        return Verify(string.Join('\n', settings.Problems));
    }

    private static void MustExclude(string parent, string text)
    {
        var settings = SettingsFile.Parse(text, "f");
        Assert.That(settings.Problems, Is.Empty);
        Assert.That(settings.ExcludedParents.Select(p => p.ToString()), Is.EqualTo(new[] { parent }));
    }

    private static string Shipped([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../../hooks/mdev-hook.conf");

    [Test]
    public void A_folder_in_its_place_is_reported_and_nothing_is_placed()
    {
        using var tree = new TreeOfText("etc/libvirt/mdev-hook.conf/");
        var settings = HostSettings.Load(tree.Root);
        Assert.That(settings.Problems.Single(), Does.Contain("is not a file"));
        Assert.That(settings.UnreadExclusion, Is.EqualTo(settings.Problems.Single()));
        Assert.That(settings with { Problems = [], UnreadExclusion = null }, Is.EqualTo(new HostSettings() with { Problems = [] }));
    }
}
