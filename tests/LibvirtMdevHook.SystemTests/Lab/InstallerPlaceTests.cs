using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Lab;

/// <summary>
/// Where AppArmor confines libvirtd, install.sh installs nothing that libvirtd may not execute: no domain would start any more.
/// </summary>
[TestFixture]
internal sealed class InstallerPlaceTests : Installation
{
    private const string Enforced = "man_groff (complain)\nlibvirtd (enforce)\nlibvirtd//qemu_bridge_helper (enforce)\n";

    /// <summary>Runs a command, "$@", where the kernel has the profiles $1, and $2 is the local addition to that of libvirtd.</summary>
    private const string Confined = """
        set -e
        mount -t tmpfs security /sys/kernel/security
        mkdir /sys/kernel/security/apparmor
        printf %s "$1" >/sys/kernel/security/apparmor/profiles
        mount -t tmpfs apparmor.d /etc/apparmor.d
        mkdir /etc/apparmor.d/local
        printf %s "$2" >/etc/apparmor.d/local/usr.sbin.libvirtd
        shift 2
        exec "$@"
        """;

    private string Program => InLab(Hook);

    private string Sentence => $"install.sh: AppArmor does not let libvirtd execute '{Program}', so that no domain would start any more, "
        + "and some versions of libvirt, such as 11.3, would lose the managed save of each domain that they are to start; "
        + $"use PREFIX=/usr, or add the line '{Program} PUx,' to '/etc/apparmor.d/local/usr.sbin.libvirtd' and run "
        + "'apparmor_parser -r /etc/apparmor.d/usr.sbin.libvirtd', or use --force.\n";

    [TestCase(Enforced)]
    [TestCase("/usr/sbin/libvirtd (enforce)\n")]
    public void A_place_that_AppArmor_forbids_is_refused_before_anything_changes(string profiles)
    {
        var reloads = Reloads();
        var outcome = Install(profiles);

        Assert.That((outcome.Status, outcome.Output, outcome.Errors), Is.EqualTo((1, "", Sentence)));
        Assert.That(Installed(), Is.Empty);
        Assert.That(Directory.Exists(InLab("etc-libvirt/hooks/qemu.d")), Is.False);
        Assert.That(Reloads(), Is.EqualTo(reloads));
    }

    [Test]
    public void An_upgrade_at_such_a_place_changes_nothing_either()
    {
        Install("").Expected("install.sh");
        var before = new FileInfo(InLab(Hook)).LastWriteTimeUtc;

        Assert.That(Install(Enforced).Status, Is.EqualTo(1));
        Assert.That(new FileInfo(InLab(Hook)).LastWriteTimeUtc, Is.EqualTo(before));
        Assert.That(new FileInfo(InLab(Link)).LinkTarget, Is.EqualTo(Program));
    }

    [Test]
    public void A_profile_of_virtqemud_forbids_as_much_and_needs_a_rule_of_its_own()
    {
        var outcome = Install("virtqemud (enforce)\n", $"{Program} PUx,\n");

        var sentence = Sentence.Replace("let libvirtd", "let virtqemud", StringComparison.Ordinal)
            .Replace(".libvirtd", ".virtqemud", StringComparison.Ordinal);
        Assert.That((outcome.Status, outcome.Errors), Is.EqualTo((1, sentence)));
    }

    [TestCase("")]
    [TestCase("libvirtd (complain)\nlibvirtd//qemu_bridge_helper (enforce)\nvirt-aa-helper (enforce)\n")]
    public void A_profile_that_is_not_enforced_forbids_nothing(string profiles)
    {
        Assert.That(Install(profiles).Expected("install.sh").Errors, Is.Empty);
        Assert.That(new FileInfo(InLab(Link)).LinkTarget, Is.EqualTo(Program));
    }

    [Test]
    public void The_line_of_the_sentence_lets_it_pass_unless_it_is_a_comment()
    {
        Assert.That(Install(Enforced, $"  # {Program} PUx,\n").Errors, Is.EqualTo(Sentence));
        Assert.That(Install(Enforced, $"# ours\n{Program} PUx,\n").Expected("install.sh").Errors, Is.Empty);
        Assert.That(File.Exists(InLab(Link)), Is.True);
    }

    [Test]
    public void With_force_the_sentence_is_a_warning()
    {
        var outcome = Install(Enforced, "", "--force").Expected("install.sh --force");

        Assert.That(outcome.Errors, Is.EqualTo(Sentence));
        Assert.That(outcome.Output, Does.Contain($"Installed '{Program}'"));
        Assert.That(File.Exists(InLab(Link)), Is.True);
    }

    [Test]
    public void A_link_that_leads_to_a_place_that_is_allowed_is_allowed()
    {
        Directory.CreateDirectory(InLab("usr"));
        Directory.CreateDirectory(InLab("etc-libvirt/hooks/programs"));
        File.CreateSymbolicLink(InLab("usr/sbin"), "/etc/libvirt/hooks/programs");

        Assert.That(Install(Enforced).Expected("install.sh").Errors, Is.Empty);
        Directory.Delete(InLab("etc-libvirt/hooks/programs"), recursive: true);
    }

    [Test]
    public void Another_machine_has_rules_of_its_own()
    {
        var outcome = Run(Enforced, "", ["env", $"DESTDIR={InLab("dest")}", .. InstallerCall("--prebuilt", SourceTree.Published)]);

        Assert.That((outcome.Status, outcome.Errors), Is.EqualTo((0, "")));
    }

    [TestCase(Enforced, "", "wrong")]
    [TestCase(Enforced, "PROGRAM PUx,\n", "well")]
    [TestCase(Enforced, "# PROGRAM PUx,\n", "wrong")]
    [TestCase("libvirtd (complain)\n", "", "well")]
    [TestCase("virtqemud (enforce)\n", "PROGRAM PUx,\n", "wrong")]
    public void Doctor_judges_a_place_in_the_same_way(string profiles, string rules, string severity)
    {
        rules = rules.Replace("PROGRAM", Program, StringComparison.Ordinal);
        Install(profiles, rules, "--force").Expected("install.sh --force");
        var findings = Run(profiles, rules, [InLab(VirtMdev), "doctor"]).Output.Split('\n');

        Assert.That(findings.Single(line => line.Contains("  apparmor  ", StringComparison.Ordinal)), Does.StartWith(severity));
        Assert.That(Install(profiles, rules).Status, Is.EqualTo(severity == "wrong" ? 1 : 0));
    }

    private Outcome Install(string profiles, string rules = "", params string[] options) =>
        Run(profiles, rules, InstallerCall(["--prebuilt", SourceTree.Published, .. options]));

    private Outcome Run(string profiles, string rules, IEnumerable<string> command) =>
        Lab.Run(["unshare", "--mount", "sh", "-c", Confined, "sh", profiles, rules, .. command]);
}
