using LibvirtMdevHook.SystemTests.Binaries;
using LibvirtMdevHook.SystemTests.Simulation;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>File systems that are full, or nearly: below run, where the records are, and for the log.</summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class FullDiskTests
{
    private static readonly DeclaringDomain Domain =
        new("full", new Vgpu("type='GRID M60-2Q'"), new Vgpu("type='GRID P40-4Q'"), Vgpu.Vf("0000:41:00.6", "NVIDIA L40S-1Q"));

    /// <summary>
    /// A file takes a page of a tmpfs, and so do the names in a folder. The free pages go from none to more than is needed.
    /// </summary>
    [Test]
    public void However_little_room_there_is_for_records_a_domain_starts_or_is_refused_and_nothing_stays([Range(0, 9)] int free)
    {
        using var host = new HookedHost("sweeps.xml", "removal_grace = 0");
        host.Call("prepare", Domain).MustBeGood();
        host.Call("release", Domain).MustBeGood();
        host.MustBeAsBefore();
        using var disk = new Disk(host.InRoot("run"), "size=64k,mode=755");
        disk.Fill(free);

        var prepare = host.Call("prepare", Domain);
        host.WaitForWorkers();
        if (prepare.Status == 0)
        {
            host.Call("start", Domain);
        }
        else
        {
            prepare.MustBeRefused("'full'");
            Assert.That(host.Host.Tree(), Is.EqualTo(host.Before), host.LastOfLog);
        }

        // However full it is, the domain's devices are removed.
        host.Stop(Domain);
        host.MustBeAsBefore();
    }

    [Test]
    public void A_disk_that_is_full_after_the_start_keeps_no_device_from_going()
    {
        using var host = new HookedHost("sweeps.xml", "removal_grace = 0");
        using var disk = new Disk(host.InRoot("run"), "size=64k,mode=755");
        host.Start(Domain);
        disk.Fill(0);

        host.Stop(Domain);
        host.WaitForWorkers();
        Assert.That(host.Host.Tree(), Is.EqualTo(host.Before), host.LastOfLog);

        // Its record could not be moved away, and so little of it is true that the next operation drops it.
        disk.Clear();
        host.Stop(Domain);
        host.MustBeAsBefore();
    }

    [TestCase(false)]
    [TestCase(true)]
    public void On_a_run_that_can_only_be_read_a_start_is_refused(bool hasFolders)
    {
        using var host = new HookedHost("sweeps.xml", "removal_grace = 0");
        if (hasFolders)
        {
            host.Call("prepare", Domain).MustBeGood();
            host.Call("release", Domain).MustBeGood();
            host.MustBeAsBefore();
        }

        using (new Disk(host.InRoot("run"), remount: "ro,bind"))
        {
            host.Call("prepare", Domain).MustBeRefused("'full'", "Read-only file system (EROFS)");
            host.Call("migrate", Domain).MustBeRefused("'full'", "Read-only file system (EROFS)");
            host.Stop(Domain);
            host.WaitForWorkers();
            Assert.That(host.Host.Tree(), Is.EqualTo(host.Before), host.LastOfLog);
        }

        host.Start(Domain);
        host.Stop(Domain);
        host.MustBeAsBefore();
    }

    /// <summary>Everything that was taken down is gone, and the record names what could not be changed in it.</summary>
    [Test]
    public void A_run_that_becomes_read_only_while_a_domain_runs_keeps_no_device_from_going()
    {
        using var host = new HookedHost("sweeps.xml", "removal_grace = 0");
        host.Start(Domain);
        using (new Disk(host.InRoot("run"), remount: "ro,bind"))
        {
            host.Stop(Domain);
            host.WaitForWorkers();
        }

        host.Stop(Domain);
        host.MustBeAsBefore();
    }

    [TestCase("size=4k")]
    [TestCase("size=4k,ro")]
    public void A_log_that_cannot_be_written_stops_nothing(string options)
    {
        using var host = new HookedHost("sweeps.xml", "removal_grace = 0");
        using var disk = new Disk(host.InRoot("var/log/libvirt"), options);
        if (!options.EndsWith("ro", StringComparison.Ordinal))
            disk.Fill(0);

        host.Start(Domain);
        host.Stop(Domain);

        host.MustBeAsBefore();
        Assert.That(host.Log, Is.Empty);
    }

    /// <summary>A file system of its own on a folder.</summary>
    private sealed class Disk : IDisposable
    {
        private const int Page = 4096;

        private readonly string _folder;

        public Disk(string folder, string? options = null, string? remount = null)
        {
            _folder = folder;
            Mount(remount is null ? ["-t", "tmpfs", "-o", options!, "tmpfs", folder] : ["--bind", folder, folder]);
            if (remount is not null)
                Mount(["-o", $"remount,{remount}", folder]);
        }

        private string Ballast => Path.Combine(_folder, "ballast");

        /// <param name="free">How many pages are left.</param>
        public void Fill(int free)
        {
            using var file = File.Create(Ballast);
            try
            {
                while (true)
                {
                    file.Write(new byte[Page]);
                    file.Flush();
                }
            }
            catch (IOException)
            {
                file.SetLength(Math.Max(0, file.Length - (file.Length % Page) - (free * Page)));
            }
        }

        public void Clear() => File.Delete(Ballast);

        public void Dispose() => Assert.That(Shell.Run("umount", "-l", _folder).Status, Is.Zero);

        private static void Mount(string[] arguments)
        {
            var (status, output) = Shell.Run("mount", arguments);
            Assert.That(status, Is.Zero, output);
        }
    }
}
