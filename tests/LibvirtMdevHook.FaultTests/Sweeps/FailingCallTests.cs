using LibvirtMdevHook.SystemTests.Binaries;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>
/// Each open, read, write, lock, lookup of a name, and start of a thread or process fails once, or each write from one on. The operation
/// succeeds nevertheless, or is refused in a sentence and rolled back.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
internal sealed class FailingCallTests
{
    private static readonly string[] Operations = ["prepare", "release", "migrate", "attach", "reconcile"];
    private static readonly string[] Dialects = ["rfc2016", "mdev", "vf"];
    private static readonly string[] OnDevices = ["EIO", "EBUSY", "EAGAIN", "EPERM", "ENODEV", "ENOSPC", "EINTR"];
    private static readonly string[] OnNames = ["EACCES", "ENOMEM", "EIO", "ELOOP"];
    private static readonly string[] OnFiles = ["EIO", "ENOSPC", "EROFS", "EPERM", "EAGAIN", "EINTR"];

    private static IEnumerable<object[]> Cases =>
        Operations.SelectMany(operation => Dialects.Select(dialect => new object[] { operation, dialect }));

    [TestCaseSource(nameof(Cases))]
    public void Fails_at_any_call_of(string operation, string dialect)
    {
        var budget = Budget.Share(0.9 / Operations.Length / Dialects.Length);
        using var sweep = new Sweep(operation, dialect);
        var points = sweep.Runs().ToArray()
            .SelectMany(run => run.Calls.SelectMany(call => Points(run.Devices, run.Program, call))
                .Concat(WithoutWorker(run.Devices, run.Program))).ToArray();

        sweep.Try($"a call fails in {operation}, {dialect}", budget, points, (subject, point) =>
        {
            var run = sweep.Run(subject, point);
            MustBeDoneOrUndone(subject, run, point);
            new Recovery(sweep.Host, subject).By(point.Way);
        });
    }

    private static IEnumerable<Point> Points(int devices, Traced program, SystemCall call)
    {
        var errors = call.Name switch
        {
            "openat" or "read" or "write" when call.Path.StartsWith("mount/", StringComparison.Ordinal)
                || call.Path.StartsWith("sys/", StringComparison.Ordinal)
                || call.Path.StartsWith("dev/", StringComparison.Ordinal)
                => OnDevices.Select(error => $"error={error}"),
            "openat" or "read" or "write" or "rename" or "unlink" or "mkdir" or "flock" => OnFiles.Select(error => $"error={error}"),
            // ECONNRESET tells a worker that its hook ended without reading the answer. Injected after the hook has read it, that is a lie
            // and not a fault.
            "recvfrom" when program == Traced.Worker => ["error=EIO", "error=EINTR"],
            "sendto" or "recvfrom" => ["error=EIO", "error=EINTR", "error=ECONNRESET"],
            "statx" or "newfstatat" or "readlink" => OnNames.Select(error => $"error={error}"),
            "clone3" or "clone" or "vfork" => ["error=EAGAIN", "error=ENOMEM"],
            "getdents64" => ["error=EIO"],
            _ => [],
        };
        // libvirtd reads the hook's output in pieces: the hook cannot tell a piece that was lost from one that was read.
        if (call.Name == "write" && program != Traced.Hook)
            errors = errors.Append($"retval={call.Length / 2}");
        var number = call.Nth;
        // Calls that only read are many and much alike.
        if (!call.Changes)
            errors = errors.Take(1).Concat(errors.Skip(1 + (number % 3)).Take(1));
        foreach (var what in errors)
            yield return new Point(devices, program, call, what, Recovery.Ways[number++ % Recovery.Ways.Length]);
        if (call is { Name: "write", IsOfMain: true } && program == Traced.Worker)
            yield return new Point(devices, program, call, "error=ENOSPC", Recovery.Ways[number % Recovery.Ways.Length], IsLasting: true);
    }

    /// <summary>The worker is another process; its first call, execve, fails.</summary>
    private static IEnumerable<Point> WithoutWorker(int devices, Traced program) => program != Traced.Hook ? [] :
        from error in new[] { "ENOENT", "EACCES", "ENOMEM" }
        from way in Recovery.Ways
        select new Point(devices, program, new SystemCall("execve", "", 1, IsOfMain: false, Changes: true, 0), $"error={error}", way);

    private static void MustBeDoneOrUndone(Subject subject, HookRun run, Point point)
    {
        Assert.That(run.Errors, Does.Not.Contain("Exception").And.Not.Contain(" at LibvirtMdevHook").And.Not.Contain("--->"));
        Assert.That(run.Status, Is.Zero.Or.EqualTo(1), run.Errors);
        if (subject.Operation == "release")
        {
            // libvirt could not do anything about a failure here: what is left is on record.
            Assert.That((run.Status, run.Output, run.Errors), Is.EqualTo((0, "", "")));
        }
        else if (run.Status == 0)
        {
            // A parent that failed once was passed over. If its record could not be unlinked, the device is gone nevertheless, as the next
            // look finds.
            if (point.Call.Name != "unlink")
                subject.MustBeAs(subject.Done, "exit 0", wherever: true);
            Assert.That(subject.Guest is null || subject.Guest == subject.NowInGuest, "libvirt has not what a clean attach gives it");
        }
        else
        {
            // reconcile lists what it leaves alone.
            var isListed = subject.Operation == "reconcile" && run.Output.Contains("; left alone: ", StringComparison.Ordinal);
            Assert.That(run.Errors,
                Does.Match($@"^(virt-mdev: waiting for [^\n]+\n)*{(isListed ? "" : @"(libvirt-mdev-hook|virt-mdev): [^\n]+\n")}\z"),
                "one sentence");
            // Without writes or threads a rollback cannot be recorded, so the next operation has to do it.
            if (subject.Operation != "reconcile" && !point.IsLasting && !(point.Program == Traced.Command && point.Call.StartsThread))
                subject.MustBeAs(subject.Arranged, $"the refusal '{run.Errors.TrimEnd()}'");
        }
    }
}
