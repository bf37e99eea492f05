using System.Net.Sockets;
using System.Text;
using LibvirtMdevHook.SystemTests.Lab;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.SystemTests.Binaries;

/// <summary>
/// Operations on a running domain and after its end. At reconnect an exit status would kill the guest, so only prepare, start and migrate
/// ever return one; and a release works whatever the XML has become.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class NeverFailingTests
{
    private static readonly string[] NeverRefused = ["started", "stopped", "release", "reconnect", "attach"];

    private readonly DeclaringDomain _domain = DeclaringDomain.With("win10", 1, "GRID M60-4Q");

    [Test]
    public void A_release_without_the_metadata_takes_the_device_down()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Start(_domain);

        host.Call("stopped", _domain.Name, _domain.WithoutMetadata()).MustBeGood();
        host.Call("release", _domain.Name, _domain.WithoutMetadata()).MustBeGood();

        host.MustBeAsBefore();
    }

    [Test]
    public void A_release_with_broken_XML_takes_the_device_down()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Start(_domain);
        var xml = _domain.ToString();
        var broken = xml[..xml.IndexOf("<metadata>", StringComparison.Ordinal)] + "<metadata><a:a:b <<<";

        host.Call("release", "another name", broken).MustBeGood();

        host.MustBeAsBefore();
    }

    [Test]
    public void A_release_acts_on_the_record_and_not_on_the_devices_of_the_XML()
    {
        using var host = new HookedHost("m60-mdev.xml", "removal_grace = 0");
        host.Start(_domain);
        var hotPlugged = new Vgpu("type='GRID M60-4Q'");
        host.Host.Write("sys/class/mdev_bus/0000:87:00.0/mdev_supported_types/nvidia-20/create", $"{hotPlugged.Uuid}");

        host.Stop(_domain with { Vgpus = [hotPlugged] });
        host.WaitForWorkers();

        Assert.That(host.Host.Exists(_domain.Vgpus[0].Path), Is.False);
        Assert.That(host.Host.Exists(hotPlugged.Path), Is.True);
    }

    [Test]
    public void Rubbish_on_stdin_is_borne(
        [ValueSource(nameof(NeverRefused))] string operation,
        [Values("", "\0\xff<", "<uuid>no uuid</uuid>")] string xml)
    {
        using var folder = new TemporaryFolder();
        var rubbish = Encoding.Latin1.GetBytes(xml);

        new HookProcess(SourceTree.Hook, folder.Path, rubbish, "x", operation, "begin", "-").End().MustBeGood();
    }

    [Test]
    public void A_record_that_cannot_be_read_is_borne(
        [Values("start", "started", "stopped", "release", "reconnect", "attach")] string operation,
        [Values("", "<record", "<record version='2'/>", "a folder")] string record)
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        Directory.CreateDirectory(Path.GetDirectoryName(host.Record(_domain))!);
        if (record == "a folder")
            Directory.CreateDirectory(host.Record(_domain));
        else
            File.WriteAllText(host.Record(_domain), record);
        host.Call(operation, _domain).MustBeGood();
        host.WaitForWorkers();

        Assert.That(host.Log, Does.Contain("is not acted on"));
        Assert.That(Path.Exists(host.Record(_domain)), "it is left as it is");
        Assert.That(Directory.Exists(host.InRoot("run/libvirt-mdev/set-aside")), Is.False);
    }

    [Test]
    public void A_worker_that_cannot_work_is_borne([ValueSource(nameof(NeverRefused))] string operation)
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Start(_domain);
        File.Delete(host.InRoot("proc"));

        host.Call(operation, _domain).MustBeGood();

        File.CreateSymbolicLink(host.InRoot("proc"), "/proc");
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void Reconnect_logs_what_differs_and_changes_nothing()
    {
        using var host = new HookedHost("m60-rfc2016.xml");
        host.Start(_domain);
        host.Host.Write($"{_domain.Vgpus[0].Path}/online", "0");
        var tree = host.Host.Tree();

        host.Call("reconnect", _domain).MustBeGood();
        Assert.That(host.Log, Does.Contain("differs from its record: it is offline"));

        host.Host.Control($"vanish {_domain.Vgpus[0].Uuid}");
        host.Call("reconnect", _domain).MustBeGood();
        Assert.That(host.Log, Does.Contain("differs from its record: it is no longer there"));
        Assert.That(tree, Does.Contain(_domain.Vgpus[0].Path));
        host.Stop(_domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void Without_the_workers_program_only_a_start_is_refused()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "sbin"));
        var program = Path.Combine(folder.Path, "sbin/libvirt-mdev-hook");
        File.Copy(SourceTree.Hook, program);
        using var host = new HookedHost("m60-rfc2016.xml") { Program = program };
        var missing = $"'{folder.Path}/bin/virt-mdev' cannot be started";

        host.Call("prepare", _domain).MustBeRefused("'win10'", missing, "ENOENT", "install libvirt-mdev-hook again");
        Directory.CreateDirectory(Path.GetDirectoryName(host.Record(_domain))!);
        File.WriteAllText(host.Record(_domain), "");
        host.Call("start", _domain).MustBeRefused("'win10'", missing);
        foreach (var operation in NeverRefused)
            host.Call(operation, _domain).MustBeGood(operation);
        host.Call("prepare", _domain.Name, _domain.WithoutMetadata()).MustBeGood("a domain without a declaration");
        Assert.That(host.Host.Log(), Is.Empty);
        Assert.That(host.Log.TrimEnd('\n').Split('\n').Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]),
            Is.EqualTo(NeverRefused.Select(operation => $"Error {operation} of domain 'win10': domain 'win10': {missing} "
                + "(No such file or directory (ENOENT)); install libvirt-mdev-hook again or remove it altogether")));
    }

    [TestCase("prepare", true)]
    [TestCase("start", true)]
    [TestCase("started", false)]
    [TestCase("stopped", false)]
    [TestCase("release", false)]
    [TestCase("reconnect", false)]
    [TestCase("attach", false)]
    public void A_worker_for_which_there_is_no_process_is_told_to_the_person_or_to_the_log_and_the_journal(string operation, bool refuses)
    {
        using var programs = new TemporaryFolder();
        // The first thread is the runtime's own; then comes the worker.
        var starved = programs.Program("hook",
            $"#!/bin/sh\nexec strace -qq -o /dev/null -e trace=clone3 -e inject=clone3:error=EAGAIN:when=2 {SourceTree.Hook} \"$@\"\n");
        using var host = new HookedHost("m60-rfc2016.xml") { Program = starved };
        Directory.CreateDirectory(Path.GetDirectoryName(host.Record(_domain))!);
        File.WriteAllText(host.Record(_domain), "");
        using var journal = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        Directory.CreateDirectory(host.InRoot("run/systemd/journal"));
        journal.Bind(new UnixDomainSocketEndPoint(host.InRoot("run/systemd/journal/socket")));
        var sentence = $"domain 'win10': '{SourceTree.VirtMdev}' cannot be started (Resource temporarily unavailable (EAGAIN)); "
            + "no more processes may be started: raise TasksMax of libvirtd's unit";

        var run = host.Call(operation, _domain);

        if (refuses)
        {
            run.MustBeRefused(sentence);
            return;
        }

        run.MustBeGood();
        Assert.That(host.Log, Does.Contain($"Error {operation} of domain 'win10': {sentence}"));
        var datagram = new byte[4096];
        Assert.That(journal.Available, Is.Positive);
        Assert.That(Encoding.UTF8.GetString(datagram, 0, journal.Receive(datagram)),
            Does.StartWith($"MESSAGE={operation} of domain 'win10': {sentence}").And.Contain("\nPRIORITY=3\n"));
    }

    [TestCase]
    [TestCase("win10")]
    [TestCase("win10", "prepare")]
    public void A_call_that_is_not_libvirtds_gets_the_usage(params string[] arguments)
    {
        using var folder = new TemporaryFolder();

        var run = new HookProcess(SourceTree.Hook, folder.Path, _domain.Xml(), arguments).End();

        Assert.That((run.Status, run.Output), Is.EqualTo((2, "")));
        run.MustBeSentence("run by libvirtd", "virt-mdev");
    }

    [TestCase("unheard-of")]
    [TestCase("")]
    [TestCase("PREPARE")]
    public void An_operation_that_is_not_ours_passes(string operation)
    {
        using var host = new HookedHost("m60-rfc2016.xml");

        host.Call(operation, _domain).MustBeGood();

        Assert.That(host.Host.Log(), Is.Empty);
        Assert.That(host.Kept(), Is.Empty);
    }
}
