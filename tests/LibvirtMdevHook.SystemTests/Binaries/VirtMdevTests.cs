using System.Text.Json;
using System.Text.RegularExpressions;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;
using VerifyNUnit;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>What virt-mdev prints for people and programs; it changes nothing.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed partial class VirtMdevTests
{
    private static readonly DeclaringDomain Domain = new(
        "win10", new Vgpu("type='GRID M60-4Q'") { Uuid = Id(1) }, new Vgpu("type='GRID M60-4Q'") { Uuid = Id(2) }) { Uuid = Id(0xd1) };

    [TestCase("m60-rfc2016.xml")]
    [TestCase("m60-mdev.xml")]
    [TestCase("gvtg.xml")]
    [TestCase("tableless.xml")]
    [TestCase("samples.xml")]
    [TestCase("l40s-vf.xml")]
    [TestCase("s390.xml")]
    public async Task Types_lists_what_can_be_declared(string host)
    {
        using var hooked = new HookedHost(host);

        await Verify(hooked, 0, "types");
        MustHaveChangedNothing(hooked);
    }

    [Test]
    public async Task Types_says_why_a_type_is_not_available()
    {
        using var host = new HookedHost("m60-mdev.xml", "excluded_parents = [\"0000:87:00.0\"]");
        host.Start(DeclaringDomain.With("other", 1, "GRID M60-4Q"));

        await Verify(host, 0, "types");
    }

    [Test]
    public async Task List_shows_each_device_with_its_state()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Start(Domain);
        host.Host.Write("sys/bus/pci/devices/0000:87:00.0/mdev_create", $"{Id(9)}:vgpu_type_id=17,vm_uuid={Id(0xd9)}");
        host.Start(new DeclaringDomain("leaving", new Vgpu("type='GRID M60-4Q'") { Uuid = Id(3) }) { Uuid = Id(0xd3) });
        host.Host.Control("fault hang op=write path=**/mdev_destroy");
        host.Call("release", "leaving", $"<uuid>{Id(0xd3)}</uuid>").MustBeGood();
        host.Host.Control($"vanish {Id(2)}");

        await Verify(host, 0, "list");
    }

    [Test]
    public async Task List_of_a_host_without_devices_says_so()
    {
        using var host = new HookedHost("m60-rfc2016.xml");

        await Verify(host, 0, "list");
        MustHaveChangedNothing(host);
    }

    [Test]
    public async Task Plan_shows_the_choice_parent_by_parent_and_the_steps()
    {
        using var host = new HookedHost("m60-rfc2016.xml");

        await Verify(host, 0, "plan", Write(host, Domain));
        MustHaveChangedNothing(host);
    }

    [Test]
    public async Task Plan_of_a_running_domain_is_the_same_again()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Start(Domain);
        var (tree, writes) = (host.Host.Tree(), host.Writes.Count);

        await Verify(host, 0, "plan", Write(host, Domain));
        Assert.That(host.Host.Tree(), Is.EqualTo(tree));
        Assert.That(host.Writes, Has.Count.EqualTo(writes));
    }

    [Test]
    public async Task Plan_that_is_refused_shows_why_for_each_device()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Start(DeclaringDomain.With("other", 2, "GRID M60-2Q"));

        await Verify(host, 1, "plan", Write(host, Domain));
    }

    [Test]
    public async Task Check_of_a_good_declaration_says_so()
    {
        using var host = new HookedHost("m60-rfc2016.xml");

        await Verify(host, 0, "check", Write(host, Domain));
    }

    [Test]
    public async Task Check_lists_every_mistake_with_its_line()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var wrong = Domain.ToString().Replace($"hostdev uuid='{Id(1)}'", "hostdev\nuuid='12'", StringComparison.Ordinal)
            .Replace($"'{Id(2)}' type", $"'{Id(2)}'\nkind", StringComparison.Ordinal);

        await Verify(host, 1, "check", Write(host, wrong));
        MustHaveChangedNothing(host);
    }

    [Test]
    public async Task Check_says_that_libvirt_would_drop_a_declaration_on_the_hostdev()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var wish = Domain.WithoutMetadata().Replace(
            "<hostdev ", "<hostdev xmlns:mdev='urn:libvirt-mdev-hook:1' mdev:type='GRID M60-4Q' ", StringComparison.Ordinal);

        await Verify(host, 1, "check", Write(host, wish));
    }

    [Test]
    public void Standard_input_is_a_file_too()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        var file = Write(host, Domain);

        foreach (var verb in new[] { "check", "plan" })
        {
            var run = Command.Run("sh", "-c", $"LIBVIRT_MDEV_ROOT={host.Host.Root} {SourceTree.VirtMdev} {verb} - <{file}").Expected(verb);
            Assert.That(run.Output, Is.EqualTo(host.VirtMdev(verb, file).Output.Replace(file, "-", StringComparison.Ordinal)));
        }
    }

    [Test]
    public void A_file_that_is_not_there_is_named([Values("check", "plan")] string verb)
    {
        using var host = new HookedHost("m60-rfc2016.xml");

        var run = host.VirtMdev(verb, "/nowhere.xml");

        Assert.That((run.Status, run.Output), Is.EqualTo((1, "")));
        Assert.That(run.Errors, Does.StartWith("virt-mdev: ").And.Contain("/nowhere.xml").And.Not.Contain("   at "));
        Assert.That(run.Errors.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1));
    }

    [TestCase(2, "fly")]
    [TestCase(2)]
    [TestCase(2, "plan")]
    [TestCase(2, "types", "--loud")]
    [TestCase(0, "--help")]
    [TestCase(0, "help", "plan")]
    [TestCase(0, "--version")]
    public void The_exit_status_tells_a_command_line_that_is_not_understood(int status, params string[] arguments)
    {
        using var folder = new TemporaryFolder();

        Assert.That(Command.Run("env", [$"LIBVIRT_MDEV_ROOT={folder.Path}", SourceTree.VirtMdev, .. arguments]).Status, Is.EqualTo(status));
    }

    [Test]
    public void Json_has_what_programs_need()
    {
        using var host = new HookedHost("m60-mdev.xml");
        host.Start(Domain);
        var file = Write(host, Domain);

        var types = Json(host, 0, "types")[0].GetProperty("types");
        var type = types.EnumerateArray().Single(t => t.GetProperty("id").GetString() == "nvidia-20");
        Assert.That(Fields(Json(host, 0, "types")[0]), Is.EqualTo("parent gpu dialect excluded trouble current_type types hidden_types"));
        Assert.That(Fields(type), Is.EqualTo("id name device_api available why_not available_instances max_instances description"));
        Assert.That((type.GetProperty("name").GetString(), type.GetProperty("available").GetInt32()), Is.EqualTo(("GRID M60-4Q", 1)));

        var device = Json(host, 0, "list").EnumerateArray().First();
        Assert.That(Fields(device), Is.EqualTo("device domain domain_uuid parent type state held_by type_id type_name holder_unknown"));
        Assert.That(device.GetProperty("device").GetString(), Is.EqualTo($"{Id(1)}"));

        var plan = Json(host, 0, "plan", file);
        Assert.That(Fields(plan), Is.EqualTo("domain domain_uuid refusals devices candidates steps"));
        Assert.That(Fields(plan.GetProperty("devices")[0]), Is.EqualTo("device parent dialect type name args foreign"));
        Assert.That(Fields(plan.GetProperty("candidates")[0]), Is.EqualTo("device parent type chosen why_not merits"));
        Assert.That(Fields(Json(host, 1, "plan", Write(host, Domain.ToString().Replace("M60-4Q", "M60", StringComparison.Ordinal)))
            .GetProperty("refusals")[0]), Is.EqualTo("device text"));

        Assert.That(Fields(Json(host, 0, "check", Write(host, Domain))), Is.EqualTo("file devices problems"));
        var wrong = Write(host, Domain.ToString().Replace("type='GRID", "kind='GRID", StringComparison.Ordinal));
        Assert.That(Fields(Json(host, 1, "check", wrong).GetProperty("problems")[0]), Is.EqualTo("line text"));
    }

    [Test]
    public void An_ordinary_user_may_look_at_a_host_that_everyone_may_read()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        using var folder = new TemporaryFolder();
        host.Start(Domain);
        var file = Write(host, Domain);
        var program = Path.Combine(folder.Path, "virt-mdev");
        File.Copy(SourceTree.VirtMdev, program);
        Command.Run("chmod", "755", host.Host.Root, folder.Path, program).Expected("chmod");

        foreach (var arguments in new[] { new[] { "types" }, ["list"], ["check", file], ["plan", file] })
        {
            var nobodys = Command.Run("setpriv",
                ["--reuid=65534", "--regid=65534", "--clear-groups", "env", $"LIBVIRT_MDEV_ROOT={host.Host.Root}", program, .. arguments]);
            Assert.That((nobodys.Status, nobodys.Errors), Is.EqualTo((0, "")), arguments[0]);
            Assert.That(nobodys.Output, Is.EqualTo(host.VirtMdev(arguments).Output), arguments[0]);
        }

        host.Stop(Domain);
        host.MustBeAsBefore();
    }

    private static Guid Id(int n) => Guid.Parse($"6a2f0d1c-0000-4000-8000-{n:x12}");

    private static string Write(HookedHost host, object xml)
    {
        var file = host.InRoot("domain.xml");
        File.WriteAllText(file, xml.ToString());
        return file;
    }

    private static async Task Verify(HookedHost host, int status, params string[] arguments)
    {
        var run = host.VirtMdev(arguments);
        Assert.That(run.Status, Is.EqualTo(status), run.Errors);
        var text = (run.Output + run.Errors).Replace(host.Host.Root, "", StringComparison.Ordinal);
        await Verifier.Verify(Pid().Replace(OthersUuid().Replace(text, "(a uuid)"), "(pid of it)"));
    }

    private static JsonElement Json(HookedHost host, int status, params string[] arguments)
    {
        var run = host.VirtMdev([.. arguments, "--json"]);
        Assert.That((run.Status, run.Errors), Is.EqualTo((status, "")), string.Join(' ', arguments));
        using var document = JsonDocument.Parse(run.Output);
        return document.RootElement.Clone();
    }

    private static string Fields(JsonElement element) => string.Join(' ', element.EnumerateObject().Select(p => p.Name));

    private static void MustHaveChangedNothing(HookedHost host)
    {
        Assert.That(host.Host.Log(), Is.Empty);
        Assert.That(host.Kept(), Is.Empty);
        Assert.That(host.Log, Is.Empty);
        host.MustBeAsBefore();
    }

    [GeneratedRegex(@"\(pid \d+\)")]
    private static partial Regex Pid();

    [GeneratedRegex("(?!6a2f0d1c)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex OthersUuid();
}
