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
            """, "/etc/libvirt/mdev-hook.conf");
        Assert.That(settings with { Problems = [] }, Is.EqualTo(new HostSettings() with { Problems = [] }));
        return Verify(string.Join('\n', settings.Problems));
    }

    private static string Shipped([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "../../../hooks/mdev-hook.conf");

    [Test]
    public void A_folder_in_its_place_is_reported_and_changes_nothing()
    {
        using var tree = new TreeOfText("etc/libvirt/mdev-hook.conf/");
        var settings = HostSettings.Load(tree.Root);
        Assert.That(settings.Problems.Single(), Does.Contain("is not a file"));
        Assert.That(settings with { Problems = [] }, Is.EqualTo(new HostSettings() with { Problems = [] }));
    }
}
