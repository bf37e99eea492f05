using LibvirtMdevHook.Devices;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.HookOperations;

/// <summary>The process that acts: it takes one request from its hook, does it, answers, and finishes what could not wait.</summary>
internal sealed class Worker(Root root, SocketEnd hook)
{
    private static readonly TimeSpan RequestTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadTime = TimeSpan.FromHours(1);

    /// <returns>The exit status, which nobody reads.</returns>
    public int Run()
    {
        if (WorkerRequest.Receive(hook, Deadline.After(RequestTime)) is not { } request)
            return 1;
        OperationContext? context = null;
        try
        {
            // libvirtd's folder of the moment is not to be kept busy.
            Directory.SetCurrentDirectory("/");
            context = OperationContext.Open(root, $"{request.Operation.Name} of domain '{request.Name}'");
            foreach (var problem in context.Settings.Problems)
                context.Log.Warn(problem);
            Do(context, request);
            return 0;
        }
#pragma warning disable CA1031 // The hook waits for an answer, and nobody else would ever see what went wrong.
        catch (Exception e)
#pragma warning restore CA1031
        {
            context?.Log.Error($"{e.GetType().Name}: {e.Message}");
            Reply(Answer.Refused($"domain '{request.Name}': {e.Message}"));
            return 1;
        }
    }

    private void Do(OperationContext context, WorkerRequest request)
    {
        var budget = new TimeBudget(request.Deadline, hook);
        if (request.Operation == HookOperation.Prepare)
        {
            Prepare(context, request, budget);
        }
        else if (request.Operation == HookOperation.Migrate || request.Operation == HookOperation.Restore)
        {
            var migrate = new MigrateOperation(context, budget, request);
            var answer = migrate.Run();
            if (!Reply(request.Operation.MayRefuse ? Log(context, answer) : Passed(context, answer)))
                migrate.Undo();
        }
        else if (request.Operation == HookOperation.Start)
        {
            Reply(Log(context, new StartOperation(context, budget, request).Run()));
        }
        else if (request.Operation == HookOperation.Release)
        {
            var release = new ReleaseOperation(context, request);
            release.Run();
            release.Unfinished.Work(budget);
            Reply(Answer.Good);
            Finish(context, [release.Unfinished]);
        }
        else
        {
            new NotePhaseOperation(context, budget, request).Run();
            Reply(Answer.Good);
        }
    }

    private void Prepare(OperationContext context, WorkerRequest request, TimeBudget budget)
    {
        Domain domain;
        try
        {
            domain = DomainXml.Parse(request.Xml, context.Settings.AllowedAttributes);
        }
        catch (DomainXmlException e)
        {
            Reply(Log(context, Answer.Refused($"domain '{request.Name}': {e.Problems[0]}")));
            return;
        }

        if (domain.Uuid == Guid.Empty)
        {
            Reply(Log(context, Answer.Refused($"domain '{request.Name}': its XML has no <uuid>")));
            return;
        }

        var prepare = new PrepareOperation(context, budget, domain);
        if (!Reply(Log(context, prepare.Run())))
            prepare.Undo();
        Finish(context, prepare.Unfinished);
    }

    /// <returns>Whether the hook has read the answer. One that is stopped may still do so: as long as it is there, nothing is decided.</returns>
    private bool Reply(Answer answer) =>
        WorkerRequest.SendAnswer(hook, answer, Deadline.After(AnswerTime)) && hook.WasReadToTheEnd(Deadline.After(ReadTime));

    private static Answer Log(OperationContext context, Answer answer)
    {
        if (!answer.IsGood)
            context.Log.Error($"refused: {answer.Sentence}");
        return answer;
    }

    /// <summary>What may not be refused here is left to prepare, which has to say the same.</summary>
    private static Answer Passed(OperationContext context, Answer answer)
    {
        if (answer.IsGood)
            return answer;
        context.Log.Warn($"left to prepare: {answer.Sentence}");
        return Answer.Good;
    }

    /// <summary>All side by side: one that is held keeps no other from leaving.</summary>
    private static void Finish(OperationContext context, TakeDown[] rests)
    {
        var now = new TimeBudget(new Deadline(0), null);
        if (!Deadline.After(context.Settings.HeldWait).Wait(() => Array.TrueForAll(Array.ConvertAll(rests, rest => rest.Work(now)), isDone => isDone)))
            context.Log.Error("gave up waiting; 'virt-mdev list' shows what is left, and the next start goes on with it");
        foreach (var rest in rests)
            rest.End();
    }
}
