using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Operations;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Hook;

/// <summary>One call by libvirtd: the domain's name, unchecked, and the operation; the domain XML is on stdin.</summary>
internal sealed class HookCall
{
    /// <summary>More would leave no room for what is said of the domain.</summary>
    private const int LongestName = 1000;

    private readonly string _name;
    private readonly long _begin = Environment.TickCount64;

    private HookCall(string name, HookOperation operation) =>
        (_name, Operation) = (name.Length <= LongestName ? name : $"{name[..LongestName]}...", operation);

    public HookOperation Operation { get; }

    /// <returns>Null when this is not how libvirtd calls a hook.</returns>
    public static HookCall? Parse(string[] args) =>
        args.Length >= 3 ? new HookCall(args[0], HookOperation.Find(args[1]) ?? HookOperation.None) : null;

    /// <returns>The exit status.</returns>
    public int Run(Root root)
    {
        var input = new DomainInput();
        var domain = Guid.Empty;
        if (Operation.Trigger == Trigger.Declaration && !input.ReadAllAndFind("urn:libvirt-mdev-hook:"u8))
            return 0;
        if (Operation.Trigger == Trigger.Record)
        {
            if (input.ReadUuid() is not { } uuid || !HasRecord(root, uuid))
                return 0;
            domain = uuid;
        }

        if (Operation.Trigger == Trigger.None)
            return 0;
        if (Operation.NeedsXml)
            input.ReadAll();
        // A session's domain may have the uuid of a system's domain, whose record is not its own.
        if (Libc.geteuid() != 0)
            return Operation.Trigger == Trigger.Record ? 0 : Output.Refuse(this, OnlyRoot);
        var budget = Operation.Budget(HostSettings.Load(root));
        var request = new WorkerRequest(
            Operation, domain, _name, Operation.NeedsXml ? input.Bytes : default, new Deadline(_begin + (long)WorkersTime(budget).TotalMilliseconds));
        return Hand(root, request, new Deadline(_begin + (long)budget.TotalMilliseconds), budget);
    }

    /// <summary>
    /// A worker stops waiting before its hook does, to have time for undoing and answering: a tenth before, at least half a second, at most
    /// half the time.
    /// </summary>
    private static TimeSpan WorkersTime(TimeSpan budget) => budget - TimeSpan.FromSeconds(
        Math.Min(Math.Max(budget.TotalSeconds / 10, 0.5), budget.TotalSeconds / 2));

    private static bool HasRecord(Root root, Guid uuid)
    {
        // Joined from strings alone: a format in the text would take a buffer from the runtime's pool, which opens /dev/urandom once.
        // What lies there may be no file, or not to be opened: whether it is to be trusted is for the worker to say.
        var path = (root.State / $"domains/{uuid.ToString("D")}.xml").Text;
        using var record = Descriptor.Open(path, Libc.O_RDONLY | Libc.O_NONBLOCK, out var error);
        return record is not null || !error.IsAbsent;
    }

    private int Hand(Root root, WorkerRequest request, Deadline deadline, TimeSpan budget)
    {
        Answer? answer;
        var (ours, theirs) = SocketEnd.Pair();
        using (ours)
        {
            var program = WorkerProgram();
            var error = DetachedProcess.Start(program, "worker", root.Prefix is { } prefix ? $"{Root.Variable}={prefix}" : null, theirs);
            theirs.Dispose();
            if (!error.IsNone)
                return Output.Refuse(this, NoWorker(program, error));
            request.Send(ours, deadline);
            answer = WorkerRequest.ReceiveAnswer(ours, deadline);
        }

        if (answer is null)
            return Output.Refuse(this, NoAnswer(root, deadline, budget));
        return answer.IsGood ? Output.Pass(this, answer.Xml) : Output.Refuse(this, answer.Sentence);
    }

    private string OnlyRoot =>
        $"domain '{_name}' declares mediated devices, for which the hook must run as root; define it in qemu:///system";

    private string NoWorker(string program, Errno error) =>
        $"domain '{_name}': '{program}' cannot be started ({error}); install libvirt-mdev-hook again or remove it altogether";

    private string NoAnswer(Root root, Deadline deadline, TimeSpan budget) => deadline.Passed
        ? $"domain '{_name}': " + (Operation == HookOperation.Migrate || Operation == HookOperation.Restore
            ? $"this host has not found out within {budget.TotalSeconds:0.#} s whether it has the devices; '{root.LogFile}' may say why"
            : $"its devices were not ready within {budget.TotalSeconds:0.#} s, and are taken down; "
                + $"'virt-mdev list' shows what is left, '{root.LogFile}' what happened")
        : $"domain '{_name}': the worker ended without an answer; '{root.LogFile}' may say why";

    /// <summary>virt-mdev of the same installation: ../bin/virt-mdev beside the folder in which this program itself lies.</summary>
    private static string WorkerProgram()
    {
        var own = Sysfs.LinkTarget(new HostPath("/proc/self/exe"), out _) ?? "/usr/sbin/libvirt-mdev-hook";
        var folder = own[..Math.Max(own.LastIndexOf('/'), 0)];
        return $"{folder[..Math.Max(folder.LastIndexOf('/'), 0)]}/bin/virt-mdev";
    }
}
