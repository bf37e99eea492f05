using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;

namespace LibvirtMdevHook.Operations;

/// <summary>The process that acts: it takes one request from its hook, does it, answers, and finishes what could not wait.</summary>
internal sealed class Worker(Root root, SocketEnd hook)
{
    private static readonly TimeSpan RequestTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or InvalidOperationException or DomainXmlException)
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
            Finish(place, release.Rest);
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
        var isHeard = Reply(Log(place, prepare.Run()));
        if (!isHeard)
            prepare.Undo();
        foreach (var rest in prepare.Rest)
            Finish(place, rest);
    }

    private bool Reply(Answer answer)
    {
        var deadline = Deadline.After(AnswerTime);
        return WorkerRequest.SendAnswer(hook, answer, deadline) && hook.WasReadToTheEnd(deadline);
    }

    private static Answer Log(Workplace place, Answer answer)
    {
        if (!answer.IsGood)
            place.Log.Error($"refused: {answer.Sentence}");
        return answer;
    }

    private static void Finish(Workplace place, TakeDown rest)
    {
        if (!rest.Work(new Patience(Deadline.After(place.Settings.HeldWait), null)))
            place.Log.Error("gave up waiting; 'virt-mdev list' shows what is left, and the next start or reconcile goes on");
        rest.End();
    }
}
