using LibvirtMdevHook.Devices;
using LibvirtMdevHook.HookOperations;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Log;
using LibvirtMdevHook.Settings;

namespace LibvirtMdevHook.Hook;

/// <summary>
/// One call by libvirtd: the domain's name, unchecked, and the operation; the domain XML is on
/// stdin.
/// </summary>
internal sealed class HookCall
{
    /// <summary>More would leave no room for what is said of the domain.</summary>
    private const int LongestName = 1000;

    private readonly Root _root;
    private readonly string _name;
    private readonly HookOperation _operation;
    private readonly Moment _begin;

    private HookCall(Root root, string name, HookOperation operation, Moment begin)
    {
        _begin = begin;
        _root = root;
        _name = name.Length <= LongestName ? name : $"{name[..LongestName]}...";
        _operation = operation;
    }

    /// <returns>Null when this is not how libvirtd calls a hook.</returns>
    /// <param name="begin">When libvirt called.</param>
    public static HookCall? Parse(string[] args, Root root, Moment begin) =>
        args.Length >= 3 ? new HookCall(root, args[0], HookOperation.Find(args[1]) ?? HookOperation.None, begin) : null;

    /// <returns>The exit status.</returns>
    public int Run()
    {
        var input = new DomainInput();
        var domain = Guid.Empty;
        if (_operation.Trigger == Trigger.Declaration && !input.ReadAllAndFind("urn:libvirt-mdev-hook:"u8))
            return 0;
        if (_operation.Trigger == Trigger.Record)
        {
            if (input.ReadUuid() is not { } uuid || !HasRecord(uuid))
                return 0;
            domain = uuid;
        }

        if (_operation.Trigger == Trigger.None)
            return 0;
        if (_operation.NeedsXml)
            input.ReadAll();
        // A session's domain may have the uuid of a system's domain, whose record is not its own.
        if (Libc.geteuid() != 0)
            return _operation.Trigger == Trigger.Record ? 0 : Fail(OnlyRoot);
        var budget = _operation.Budget(HostSettings.Load(_root));
        var xml = _operation.NeedsXml ? input.Bytes : default;
        var used = _begin.Age;
        var request = new WorkerRequest(_operation, _begin, domain, _name, xml, Deadline.After(WorkersTime(budget) - used));
        return RunWorker(request, Deadline.After(budget - used), budget);
    }

    /// <summary>
    /// Ends a call that came to nothing: the sentence is for the person where it refuses, and for
    /// the log where it may not.
    /// </summary>
    /// <returns>The exit status.</returns>
    public int Fail(string sentence)
    {
        if (_operation.MayRefuse)
        {
            Output.PrintSentence($"libvirt-mdev-hook: {sentence}");
            return 1;
        }

        Log(sentence);
        return 0;
    }

    private void Log(string sentence)
    {
        var line = LogLine.Of($"{_operation.Name} of domain '{_name}'", sentence);
        try
        {
            LogFile.Append(HostSettings.Load(_root).LogPath(_root), DateTime.UtcNow, "Error", line);
            Journal.Send(_root.JournalSocket, Journal.Error, line);
        }
#pragma warning disable CA1031 // The operation may not fail, least of all for want of a log.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    /// <summary>
    /// A worker stops waiting before its hook does, to have time for undoing and answering: a tenth
    /// before, at least half a second, at most half the time.
    /// </summary>
    private static TimeSpan WorkersTime(TimeSpan budget) => budget - TimeSpan.FromSeconds(
        Math.Min(Math.Max(budget.TotalSeconds / 10, 0.5), budget.TotalSeconds / 2));

    private bool HasRecord(Guid uuid)
    {
        // Joined from strings alone: a format in the text would take a buffer from the runtime's
        // pool, which opens /dev/urandom once. What lies there may be no file, or not to be opened:
        // whether it is to be trusted is for the worker to say.
        var path = (_root.State / $"domains/{uuid.ToString("D")}.xml").Text;
        using var record = Descriptor.Open(path, Libc.O_RDONLY | Libc.O_NONBLOCK, out var error);
        return record is not null || !error.IsAbsent;
    }

    private int RunWorker(WorkerRequest request, Deadline deadline, TimeSpan budget)
    {
        // This process may have stood still while libvirtd was killed and another one started the
        // domain.
        if (Output.HasNoReader)
        {
            Log("nobody reads what the hook prints any more: the libvirtd that called it has gone, so nothing is done for this call");
            return _operation.MayRefuse ? 1 : 0;
        }

        Answer? answer;
        var (ours, theirs) = SocketEnd.Pair();
        using (ours)
        {
            var program = WorkerProgram();
            var error = DetachedProcess.Start(program, "worker", _root.Prefix is { } prefix ? $"{Root.Variable}={prefix}" : null, theirs);
            theirs.Dispose();
            if (!error.IsNone)
                return Fail($"domain '{_name}': {DetachedProcess.WhyNotStarted(program, error)}");
            request.Send(ours, deadline);
            answer = WorkerRequest.ReceiveAnswer(ours, deadline);
        }

        if (answer is null)
            return WorkerGoesOn(deadline) ? 0 : Fail(NoAnswer(deadline, budget));
        return answer.IsGood ? Pass(answer.Xml) : Fail(answer.Sentence);
    }

    /// <summary>
    /// Whether the worker is only late: it finishes what libvirtd does not wait for, and logs it.
    /// </summary>
    private bool WorkerGoesOn(Deadline deadline) => deadline.Passed && _operation.Trigger == Trigger.Record && !_operation.MayRefuse;

    /// <summary>
    /// Hands the new XML to libvirtd, if there is one. Half of it would be no XML: at migrate that
    /// is a refusal.
    /// </summary>
    private int Pass(ReadOnlyMemory<byte> xml)
    {
        var error = _operation == HookOperation.Restore ? Output.PrintXmlWhole(xml) : Output.PrintXml(xml);
        return error.IsNone ? 0 : Fail($"the changed XML of the domain cannot be handed to libvirtd: {error.InWords}");
    }

    private string OnlyRoot =>
        $"domain '{_name}' declares mediated devices, for which the hook must run as root; define it in qemu:///system";

    private string NoAnswer(Deadline deadline, TimeSpan budget) => deadline.Passed
        ? $"domain '{_name}': " + (_operation == HookOperation.Migrate || _operation == HookOperation.Restore
            ? $"this host has not found out within {budget.TotalSeconds:0.#} s whether it has the devices; '{_root.LogFile}' may say why"
            : $"its devices were not ready within {budget.TotalSeconds:0.#} s, and are taken down; "
                + $"'virt-mdev list' shows what is left, '{_root.LogFile}' what happened")
        : $"domain '{_name}': the worker ended without an answer; '{_root.LogFile}' may say why";

    /// <summary>
    /// virt-mdev of the same installation: ../bin/virt-mdev beside the folder in which this program
    /// itself lies.
    /// </summary>
    private static string WorkerProgram()
    {
        var own = HostFile.LinkTarget(new HostPath("/proc/self/exe"), out _) ?? "/usr/sbin/libvirt-mdev-hook";
        var folder = own[..Math.Max(own.LastIndexOf('/'), 0)];
        return $"{folder[..Math.Max(folder.LastIndexOf('/'), 0)]}/bin/virt-mdev";
    }
}
