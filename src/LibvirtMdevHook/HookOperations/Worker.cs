using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.HookOperations;

/// <summary>
/// The process that acts: it takes one request from its hook, does it, answers, and finishes what
/// could not wait.
/// </summary>
internal sealed class Worker(Root root, SocketEnd hook)
{
    private static readonly TimeSpan RequestTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadTime = TimeSpan.FromHours(1);

    /// <summary>
    /// What is done at each operation; <see cref="HookOperation"/> says what it may do.
    /// </summary>
    private static readonly Dictionary<HookOperation, Func<OperationContext, TimeBudget, WorkerRequest, Operation>> Operations = new()
    {
        [HookOperation.Prepare] = (context, budget, request) => new PrepareOperation(context, budget, request),
        [HookOperation.Start] = (context, budget, request) => new StartOperation(context, budget, request),
        [HookOperation.Started] = (context, budget, request) => new NotePhaseOperation(context, budget, request),
        [HookOperation.Stopped] = (context, budget, request) => new NotePhaseOperation(context, budget, request),
        [HookOperation.Attach] = (context, budget, request) => new NotePhaseOperation(context, budget, request),
        [HookOperation.Reconnect] = (context, budget, request) => new NotePhaseOperation(context, budget, request),
        [HookOperation.Release] = (context, budget, request) => new ReleaseOperation(context, budget, request),
        [HookOperation.Migrate] = (context, budget, request) => new MigrateOperation(context, budget, request),
        [HookOperation.Restore] = (context, budget, request) => new MigrateOperation(context, budget, request),
    };

    /// <returns>The exit status, which nothing reads.</returns>
    public int Run()
    {
        if (WorkerRequest.Receive(hook, Deadline.After(RequestTime)) is not { } request)
            return 1;
        OperationContext? context = null;
        try
        {
            // The folder in which libvirtd happened to be must not be kept busy.
            Directory.SetCurrentDirectory("/");
            context = OperationContext.Open(root, $"{request.Operation.Name} of domain '{request.Name}'");
            foreach (var problem in context.Settings.Problems)
                context.Log.Warn(problem);
            Serve(context, request);
            return 0;
        }
#pragma warning disable CA1031 // The hook waits for an answer, and this is the only place that can still say what went wrong.
        catch (Exception e)
#pragma warning restore CA1031
        {
            context?.Log.Error($"{e.GetType().Name}: {e.Message}");
            Reply(Answer.Refused(request.Name, e.Message));
            return 1;
        }
    }

    private void Serve(OperationContext context, WorkerRequest request)
    {
        var operation = Operations[request.Operation](context, new TimeBudget(request.Deadline, hook), request);
        var answer = operation.Run();
        if (!answer.IsGood)
            answer = Refuse(context, request.Operation, answer);
        if (!Reply(answer))
            operation.Undo();
        Finish(context, operation.Unfinished);
    }

    /// <summary>
    /// A refusal that libvirt may not be given is logged, and left to prepare, which has to say the
    /// same.
    /// </summary>
    private static Answer Refuse(OperationContext context, HookOperation operation, Answer refusal)
    {
        if (operation.MayRefuse)
        {
            context.Log.Error($"refused: {refusal.Sentence}");
            return refusal;
        }

        context.Log.Warn($"left to prepare: {refusal.Sentence}");
        return Answer.Good;
    }

    /// <returns>
    /// Whether the hook has read the answer. One that is stopped may still do so: as long as it is
    /// there, nothing is decided.
    /// </returns>
    private bool Reply(Answer answer) =>
        WorkerRequest.SendAnswer(hook, answer, Deadline.After(AnswerTime)) && hook.WasReadToTheEnd(Deadline.After(ReadTime));

    private static void Finish(OperationContext context, IReadOnlyList<TakeDown> unfinished)
    {
        if (unfinished.Count == 0)
            return;
        if (!FinishAll(Deadline.After(context.Settings.HeldWait), unfinished))
            context.Log.Error("gave up waiting; 'virt-mdev list' shows what is left, and the next start goes on with it");
        foreach (var takeDown in unfinished)
            takeDown.End();
    }

    /// <summary>All side by side: a device that is held keeps no other from leaving.</summary>
    /// <returns>False when something is left at the deadline.</returns>
    private static bool FinishAll(Deadline deadline, IReadOnlyList<TakeDown> unfinished)
    {
        var once = new TimeBudget(new Deadline(0), null);
        foreach (var _ in deadline.Attempts())
        {
            var isDone = true;
            foreach (var takeDown in unfinished)
                isDone &= takeDown.Work(once);
            if (isDone)
                return true;
        }

        return false;
    }
}
