using System.Text;
using LibvirtMdevHook.Devices;
using LibvirtMdevHook.DomainEdits;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.HookOperations;

/// <summary>
/// migrate, on the destination, and restore: whether this host has every declared type, and the XML with the names that the devices have
/// here. Nothing is written to sysfs; what was found is reserved until prepare, which need not come.
/// </summary>
internal sealed class MigrateOperation(OperationContext context, TimeBudget budget, WorkerRequest request)
{
    private Record? _reservation;

    /// <returns>The new XML, nothing where it stays as it is, or a refusal.</returns>
    public Answer Run()
    {
        try
        {
            var came = DomainDocument.Load(request.Xml);
            var bound = DeviceRenames.DropMissing(came);
            // Twice the elements of a large document would be more than the memory that a worker has.
            var document = bound == came.Source.Text ? came : DomainDocument.Load(bound);
            var domain = DomainXml.Read(document.Root, context.Settings.AllowedAttributes);
            if (domain.Uuid == Guid.Empty)
                return Refuse("its XML has no <uuid>");
            var text = document.Source.Text;
            if (domain.Declaration is { } declaration)
            {
                if (MakePlan(domain, declaration, out var refusal) is not { Plan.Record: not null } incoming)
                    return Refuse(refusal);
                text = DeviceRenames.Apply(document, incoming.Names);
                Report(incoming);
            }

            return text == came.Source.Text ? Answer.Good : Answer.Rewritten(Encoding.UTF8.GetBytes(text));
        }
        catch (DomainXmlException e)
        {
            return Refuse($"{e.Problems[0]}");
        }
    }

    /// <summary>Gives the reservation up, for a hook that has gone meanwhile.</summary>
    public void Undo()
    {
        if (_reservation is not { } reservation)
            return;
        using var host = context.Records.LockHost(Deadline.After(context.Settings.MigrateDeadline));
        // A later call for the domain may have been quicker.
        if (host is not null && context.Records.Reservations().Any(r => r.Domain == reservation.Domain && r.Generation == reservation.Generation))
            context.Records.DeleteReservation(reservation.Domain);
    }

    private IncomingPlan? MakePlan(Domain domain, Declaration declaration, out string refusal)
    {
        context.Records.MakeFolders();
        // prepare follows a restore, has more time, and waits for types itself.
        var forTypes = budget.AtMost(request.Operation == HookOperation.Restore ? TimeSpan.Zero : context.Settings.WaitForTypes);
        IncomingPlan? incoming = null;
        Replanning.Run(
            context, budget, () => (incoming = PlanAndReserve(domain, declaration))?.Plan, plan => plan.CanBeCuredByWaiting(!forTypes.IsOver), out refusal);
        return incoming;
    }

    private IncomingPlan? PlanAndReserve(Domain domain, Declaration declaration)
    {
        using var host = context.Records.LockHost(budget.Deadline);
        if (host is null)
            return null;
        context.Records.DeleteExpiredReservations();
        var incoming = IncomingPlan.Of(PlanInputReader.Incoming(context, domain, declaration));
        if (incoming.Plan.Record is { } reservation)
        {
            context.Records.SaveReservation(reservation);
            _reservation = reservation;
        }

        return incoming;
    }

    private void Report(IncomingPlan incoming)
    {
        foreach (var (old, name) in incoming.Names)
            context.Log.Info($"the device '{old}' becomes {incoming.Plan.Record!.Claims.Single(c => c.Device == name)}");
    }

    private Answer Refuse(string why) => Answer.Refused(request.Name, why);
}
