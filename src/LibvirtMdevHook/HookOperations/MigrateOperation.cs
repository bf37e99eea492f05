using System.Text;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Hosts;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HookOperations;

/// <summary>
/// migrate, on the destination, and restore: whether this host has every declared type, and the XML
/// with the names that the devices have here. Nothing is written to sysfs; what was found is
/// reserved until prepare, which need not come.
/// </summary>
internal sealed class MigrateOperation(OperationContext context, TimeBudget budget, WorkerRequest request) : Operation
{
    private readonly RefusedSelection _refused = new();
    private Record? _reservation;

    /// <returns>The new XML, nothing where it stays as it is, or a refusal.</returns>
    public override Answer Run()
    {
        try
        {
            var came = DomainDocument.Load(request.Xml);
            var bound = DeviceRenames.DropMissing(came);
            // Twice the elements of a large document would be more than the memory that a worker
            // has.
            var document = bound == came.Source.Text ? came : DomainDocument.Load(bound);
            var domain = DomainXml.Read(document.Root, context.Settings.AllowedAttributes);
            if (domain.Uuid == Guid.Empty)
                return Refuse("its XML has no <uuid>");
            var text = document.Source.Text;
            if (domain.Declaration is { } declaration)
            {
                if (TryPlan(domain, declaration, out var incoming) is { } refusal)
                    return Unplanned(refusal, came, bound);
                text = DeviceRenames.Apply(document, incoming!.Names);
                Report(incoming);
            }

            return text == came.Source.Text ? Answer.Good : Answer.Rewritten(Encoding.UTF8.GetBytes(text));
        }
        catch (DomainXmlException e)
        {
            return Refuse($"{e.Problems[0]}");
        }
    }

    /// <summary>
    /// A restore goes on without a plan, but without the devices that the guest has no more:
    /// prepare would refuse them.
    /// </summary>
    /// <param name="bound">The document without those devices.</param>
    private Answer Unplanned(Reason refusal, DomainDocument came, string bound)
    {
        if (request.Operation.MayRefuse || bound == came.Source.Text)
            return Refuse(refusal.Text);
        context.Log.Warn($"left to prepare: {Refuse(refusal.Text).Sentence}");
        return Answer.Rewritten(Encoding.UTF8.GetBytes(bound));
    }

    /// <summary>Gives the reservation up, for a hook that has gone meanwhile.</summary>
    public override void Undo()
    {
        if (_reservation is not { } reservation)
            return;
        using var host = context.Records.LockHost(Deadline.After(context.Settings.MigrateDeadline));
        // A later call for the domain may have been quicker.
        if (host is null)
            return;
        var own = context.Records.Reservations().FirstOrDefault(r => r.Domain == reservation.Domain);
        if (own?.Generation == reservation.Generation)
            context.Records.DeleteReservation(reservation.Domain);
    }

    /// <summary>
    /// Plans again and again, until a plan comes out or waiting cannot help any more.
    /// </summary>
    /// <param name="incoming">The plan, whose record is reserved.</param>
    private Reason? TryPlan(Domain domain, Declaration declaration, out IncomingPlan? incoming)
    {
        incoming = null;
        Reason? refusal = null;
        // prepare follows a restore, has more time, and waits for types itself. A name that has to
        // change is refused then.
        var forTypes = budget.AtMost(request.Operation == HookOperation.Restore ? TimeSpan.Zero : context.Settings.WaitForTypes);
        try
        {
            context.Records.MakeFolders();
            foreach (var _ in budget.Attempts())
            {
                if (TryPlanAndReserve(domain, declaration, out incoming) is { } unplanned)
                    return unplanned;
                if (incoming!.Plan.Record is not null)
                    return null;
                refusal = incoming.Plan.Refusal;
                if (!incoming.Plan.CanBeCuredByWaiting(!forTypes.IsOver))
                    break;
            }
        }
        catch (IOException e)
        {
            return e.Message;
        }

        return refusal;
    }

    /// <param name="incoming">The plan, which may consist of refusals.</param>
    /// <returns>Why nothing was planned; null when there is a plan.</returns>
    private Reason? TryPlanAndReserve(Domain domain, Declaration declaration, out IncomingPlan? incoming)
    {
        incoming = null;
        var holders = PlanInputReader.HoldersFor(context, domain, declaration);
        using var host = context.Records.LockHost(budget.Deadline);
        if (host is null)
            return context.HostLockIsHeld;
        if (budget.HookIsGone)
            return HookIsGone;
        if (context.Records.HasYounger(domain.Uuid, request.Call))
            return "libvirt has begun another start or arrival of it since this call, so nothing is reserved for this one";
        context.Records.DeleteExpiredReservations();
        SilentGpu.DeleteDebris(context.Root);
        var input = PlanInputReader.Incoming(context, domain, declaration, holders) with { Generation = request.Call };
        incoming = IncomingPlan.Of(input, _refused);
        // Reading the host takes time, in which the hook may have ended.
        if (incoming.Plan.Record is { } reservation && !budget.HookIsGone)
        {
            context.Records.SaveReservation(reservation);
            _reservation = reservation;
        }

        return null;
    }

    private void Report(IncomingPlan incoming)
    {
        foreach (var (old, name) in incoming.Names)
            context.Log.Info($"the device '{old}' becomes {incoming.Plan.Record!.Claims.Single(c => c.Device == name)}");
    }

    private Answer Refuse(string why) => Answer.Refused(request.Name, why);
}
