using LibvirtMdevHook.SystemTests.Binaries;
using NUnit.Framework;

namespace LibvirtMdevHook.FaultTests.Sweeps;

/// <summary>
/// Each open, read, write, lock, look at a name and start of a thread or process fails once, or each write from one on: the operation is
/// done all the same, or refused and undone, in a sentence.
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
            // By it a worker learns that its hook has gone without its answer; said of one that has read it, it is no fault but a lie.
            "recvfrom" when program == Traced.Worker => ["error=EIO", "error=EINTR"],
            "sendto" or "recvfrom" => ["error=EIO", "error=EINTR", "error=ECONNRESET"],
            "statx" or "newfstatat" or "readlink" => OnNames.Select(error => $"error={error}"),
            "clone3" or "clone" or "vfork" => ["error=EAGAIN", "error=ENOMEM"],
            "getdents64" => ["error=EIO"],
            _ => [],
        };
        // What the hook prints for libvirtd is taken in pieces: a piece that was not taken cannot be told from one that was.
        if (call.Name == "write" && program != Traced.Hook)
            errors = errors.Append($"retval={call.Length / 2}");
        var number = call.Nth;
        // Of what only reads there is much, and little difference.
        if (!call.Changes)
            errors = errors.Take(1).Concat(errors.Skip(1 + (number % 3)).Take(1));
        foreach (var what in errors)
            yield return new Point(devices, program, call, what, Recovery.Ways[number++ % Recovery.Ways.Length]);
        if (call is { Name: "write", IsOfMain: true } && program == Traced.Worker)
            yield return new Point(devices, program, call, "error=ENOSPC", Recovery.Ways[number % Recovery.Ways.Length], IsLasting: true);
    }

    /// <summary>What the hook starts is another process, whose first call does not succeed.</summary>
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
            // Nobody could do anything about it: what is left is on record.
            Assert.That((run.Status, run.Output, run.Errors), Is.EqualTo((0, "", "")));
        }
        else if (run.Status == 0)
        {
            // A parent that failed once has been left out. Without its record a device is gone all the same, as the next look finds.
            if (point.Call.Name != "unlink")
                subject.MustBeAs(subject.Done, "exit 0", wherever: true);
            Assert.That(subject.Guest is null || subject.Guest == subject.NowInGuest, "libvirt has not what a clean attach gives it");
        }
        else
        {
            // What reconcile leaves alone stands in its list.
            var isListed = subject.Operation == "reconcile" && run.Output.Contains("; left alone: ", StringComparison.Ordinal);
            Assert.That(run.Errors,
                Does.Match($@"^(virt-mdev: waiting for [^\n]+\n)*{(isListed ? "" : @"(libvirt-mdev-hook|virt-mdev): [^\n]+\n")}\z"),
                "one sentence");
            // What cannot be written any more cannot be undone on record, nor without threads, so that the next operation has to.
            if (subject.Operation != "reconcile" && !point.IsLasting && !(point.Program == Traced.Command && point.Call.StartsThread))
                subject.MustBeAs(subject.Arranged, $"the refusal '{run.Errors.TrimEnd()}'");
        }
    }
}
