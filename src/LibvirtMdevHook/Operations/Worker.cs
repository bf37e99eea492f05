using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Operations;

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
        Workplace? place = null;
        try
        {
            // libvirtd's folder of the moment is not to be kept busy.
            Directory.SetCurrentDirectory("/");
            place = Workplace.Open(root, $"{request.Operation.Name} of domain '{request.Name}'");
            foreach (var problem in place.Settings.Problems)
                place.Log.Warn(problem);
            Do(place, request);
            return 0;
        }
#pragma warning disable CA1031 // The hook waits for an answer, and nobody else would ever see what went wrong.
        catch (Exception e)
#pragma warning restore CA1031
        {
            place?.Log.Error($"{e.GetType().Name}: {e.Message}");
            Reply(Answer.Refused($"domain '{request.Name}': {e.Message}"));
            return 1;
        }
    }

    private void Do(Workplace place, WorkerRequest request)
    {
        var patience = new Patience(request.Deadline, hook);
        if (request.Operation == HookOperation.Prepare)
        {
            Prepare(place, request, patience);
        }
        else if (request.Operation == HookOperation.Migrate || request.Operation == HookOperation.Restore)
        {
            var migrate = new MigrateOperation(place, patience, request);
            var answer = migrate.Run();
            if (!Reply(request.Operation.MayRefuse ? Log(place, answer) : Passed(place, answer)))
                migrate.Undo();
        }
        else if (request.Operation == HookOperation.Start)
        {
            Reply(Log(place, new StartOperation(place, patience, request).Run()));
        }
        else if (request.Operation == HookOperation.Release)
        {
            var release = new ReleaseOperation(place, request);
            release.Run();
            release.Rest.Work(patience);
            Reply(Answer.Good);
            Finish(place, [release.Rest]);
        }
        else
        {
            new MarkOperation(place, patience, request).Run();
            Reply(Answer.Good);
        }
    }

    private void Prepare(Workplace place, WorkerRequest request, Patience patience)
    {
        Domain domain;
        try
        {
            domain = DomainXml.Parse(request.Xml, place.Settings.AllowedAttributes);
        }
        catch (DomainXmlException e)
        {
            Reply(Log(place, Answer.Refused($"domain '{request.Name}': {e.Problems[0]}")));
            return;
        }

        if (domain.Uuid == Guid.Empty)
        {
            Reply(Log(place, Answer.Refused($"domain '{request.Name}': its XML has no <uuid>")));
            return;
        }

        var prepare = new PrepareOperation(place, patience, domain);
        if (!Reply(Log(place, prepare.Run())))
            prepare.Undo();
        Finish(place, prepare.Rest);
    }

    /// <returns>Whether the hook has read the answer. One that is stopped may still do so: as long as it is there, nothing is decided.</returns>
    private bool Reply(Answer answer) =>
        WorkerRequest.SendAnswer(hook, answer, Deadline.After(AnswerTime)) && hook.WasReadToTheEnd(Deadline.After(ReadTime));

    private static Answer Log(Workplace place, Answer answer)
    {
        if (!answer.IsGood)
            place.Log.Error($"refused: {answer.Sentence}");
        return answer;
    }

    /// <summary>What may not be refused here is left to prepare, which has to say the same.</summary>
    private static Answer Passed(Workplace place, Answer answer)
    {
        if (answer.IsGood)
            return answer;
        place.Log.Warn($"left to prepare: {answer.Sentence}");
        return Answer.Good;
    }

    /// <summary>All side by side: one that is held keeps no other from leaving.</summary>
    private static void Finish(Workplace place, TakeDown[] rests)
    {
        var now = new Patience(new Deadline(0), null);
        if (!Deadline.After(place.Settings.HeldWait).Wait(() => Array.TrueForAll(Array.ConvertAll(rests, rest => rest.Work(now)), isDone => isDone)))
            place.Log.Error("gave up waiting; 'virt-mdev list' shows what is left, and the next start goes on with it");
        foreach (var rest in rests)
            rest.End();
    }
}
