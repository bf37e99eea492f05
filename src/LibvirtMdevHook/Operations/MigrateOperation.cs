using System.Text;
using LibvirtMdevHook.Domains;
using LibvirtMdevHook.Linux;
using LibvirtMdevHook.Planning;
using LibvirtMdevHook.Records;

namespace LibvirtMdevHook.Operations;

/// <summary>
/// migrate, on the destination, and restore: whether this host has every declared type, and the XML with the names that the devices have
/// here. Nothing is written to sysfs; what was found is reserved until prepare, which need not come.
/// </summary>
internal sealed class MigrateOperation(Workplace place, Patience patience, WorkerRequest request)
{
    private Record? _reservation;

    /// <returns>The new XML, nothing where it stays as it is, or a refusal.</returns>
    public Answer Run()
    {
        try
        {
            var came = DomainDocument.Load(request.Xml);
            var bound = Rewriting.DropUnbound(came);
            // Twice the elements of a large document would be more than the memory that a worker has.
            var document = bound == came.Source.Text ? came : DomainDocument.Load(bound);
            var domain = DomainXml.Read(document.Root, place.Settings.AllowedAttributes);
            if (domain.Uuid == Guid.Empty)
                return Refuse("its XML has no <uuid>");
            var text = document.Source.Text;
            if (domain.Declaration is { } declaration)
            {
                if (MakePlan(domain, declaration, out var refusal) is not { Plan.Record: not null } arrival)
                    return Refuse(refusal);
                text = Rewriting.Rename(document, arrival.Names);
                Report(arrival);
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
        using var host = place.Records.LockHost(Deadline.After(place.Settings.MigrateDeadline));
        // A later call for the domain may have been quicker.
        if (host is not null && place.Records.Reservations().Any(r => r.Domain == reservation.Domain && r.Generation == reservation.Generation))
            place.Records.DeleteReservation(reservation.Domain);
    }

    private Arrival? MakePlan(Domain domain, Declaration declaration, out string refusal)
    {
        place.Records.MakeFolders();
        // prepare follows a restore, has more time, and waits for types itself.
        var forTypes = patience.AtMost(request.Operation == HookOperation.Restore ? TimeSpan.Zero : place.Settings.WaitForTypes);
        Arrival? arrival = null;
        Replanning.Run(
            place, patience, () => (arrival = PlanAndReserve(domain, declaration))?.Plan, plan => plan.IsHopeful(!forTypes.IsOver), out refusal);
        return arrival;
    }

    private Arrival? PlanAndReserve(Domain domain, Declaration declaration)
    {
        using var host = place.Records.LockHost(patience.Deadline);
        if (host is null)
            return null;
        place.Records.DeleteExpiredReservations();
        var arrival = Arrival.Of(HostOrder.Arrival(place, domain, declaration));
        if (arrival.Plan.Record is { } reservation)
        {
            place.Records.SaveReservation(reservation);
            _reservation = reservation;
        }

        return arrival;
    }

    private void Report(Arrival arrival)
    {
        foreach (var (old, name) in arrival.Names)
            place.Log.Info($"the device '{old}' becomes {arrival.Plan.Record!.Claims.Single(c => c.Device == name)}");
    }

    private Answer Refuse(string why) => Answer.Refused(request.Name, why);
}
