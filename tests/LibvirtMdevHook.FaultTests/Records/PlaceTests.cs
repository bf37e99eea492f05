using LibvirtMdevHook.FaultTests.Hostile;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Records;

/// <summary>
/// Another kind of file in the place of our files and folders: no process waits for it or acts on it, and the caller is told.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class PlaceTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private static readonly string[] Folders = ["", "/domains", "/removing", "/reserved"];

    private static readonly string[] Files =
    [
        "run/libvirt-mdev", "run/libvirt-mdev/lock", "run/libvirt-mdev/domains", "run/libvirt-mdev/removing", "run/libvirt-mdev/reserved",
        $"run/libvirt-mdev/domains/{PlainHost.Domain}.lock", $"run/libvirt-mdev/domains/.{PlainHost.Domain}.xml.new",
        "run/libvirt-mdev/set-aside", "etc/libvirt/mdev-hook.conf", "var/log/libvirt/mdev-hook.log", "var/cache/libvirt-mdev",
        "run/systemd/journal/socket",
    ];

    [TestCaseSource(nameof(Files))]
    public void No_process_waits_for_what_is_no_file(string path)
    {
        var tally = new Tally($"fifo, node, folder or link in place of {path}") { Of = 4 * 4 };
        foreach (var (what, make) in new (string, Action<string>)[]
        {
            ("fifo", PlainHost.MakeFifo),
            ("node", place => Shell.Run("mknod", place, "c", "1", "5")),
            ("folder", place => Directory.CreateDirectory(place)),
            ("link", place => File.CreateSymbolicLink(place, "/nowhere/at/all")),
        })
        {
            foreach (var operation in new[] { "prepare", "start", "release", "migrate" })
                tally.Try($"{what}, {operation}", () => MustEndInTime(path, make, operation));
        }

        tally.Conclude();
    }

    [TestCaseSource(nameof(Folders))]
    public void A_folder_that_is_not_roots_alone_is_not_trusted(string folder)
    {
        var tally = new Tally($"folder of records not root's alone: {PlainHost.State}{folder}") { Of = 3 * 3 };
        foreach (var (what, spoil) in new (string, Action<string>)[]
        {
            ("of another owner", path => Shell.Run("chown", "12345", path)),
            ("writable by all", path => Shell.Run("chmod", "777", path)),
            ("a link", path =>
            {
                Directory.Move(path, path + "-elsewhere");
                File.CreateSymbolicLink(path, path + "-elsewhere");
            }),
        })
        {
            foreach (var operation in new[] { "prepare", "release", "list" })
                tally.Try($"{what}, {operation}", () => MustNotBeTrusted($"{PlainHost.State}{folder}", spoil, operation));
        }

        tally.Conclude();
    }

    private static void MustNotBeTrusted(string folder, Action<string> spoil, string operation)
    {
        using var host = new PlainHost();
        host.MakeState();
        Directory.CreateDirectory(host.In($"{PlainHost.State}/removing"));
        Directory.CreateDirectory(host.In($"{PlainHost.State}/reserved"));
        if (folder is PlainHost.State or $"{PlainHost.State}/domains")
            File.WriteAllText(host.Record, host.RecordText());
        spoil(host.In(folder));
        var before = host.Sys();
        if (operation == "list")
        {
            var outcome = host.VirtMdev("list");
            Assert.That((outcome.Status,
                outcome.Errors.Contains($"the folder '{host.In(folder)}' of the records ", StringComparison.Ordinal)),
                Is.EqualTo((1, true)), outcome.Errors);
        }
        else if (operation == "prepare")
        {
            host.Call(operation, PlainHost.Xml()).MustBeRefused("domain 'win10': the folder '", "nothing in it is acted on");
        }
        else if (File.Exists(host.Record))
        {
            host.Call(operation, PlainHost.Xml()).MustBeGood();
            host.WaitForWorkers();
            Assert.That(host.Log, Does.Contain("nothing in it is acted on"));
        }

        Assert.That(host.Sys(), Is.EqualTo(before), host.Log);
    }

    private static void MustEndInTime(string path, Action<string> make, string operation)
    {
        using var host = new PlainHost();
        if (path != PlainHost.State)
            Directory.CreateDirectory(Path.GetDirectoryName(host.In(path))!);
        make(host.In(path));
        // Gives every operation something to do, as long as there is a folder for the record.
        if (Directory.Exists(host.In($"{PlainHost.State}/domains")))
            File.WriteAllText(host.Record, host.RecordText(version: "2"));
        var before = host.Sys();
        var run = host.Call(operation, PlainHost.Xml());
        Assert.That(run.Time, Is.LessThan(Limit));
        Assert.That(run.Output, Is.Empty);
        if (run.Status != 0 && operation != "release")
            run.MustBeRefused("domain 'win10': ");
        else
            run.MustBeGood(host.Log);
        host.WaitForWorkers();
        Assert.That(host.Sys(), Is.EqualTo(before), host.Log);
    }
}
